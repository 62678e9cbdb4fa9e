package figure

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"image/color"
	"io"
	"slices"
	"strings"
	"sync"

	"alrc/internal/chart"
)

// Page is one HTML file that holds all it shows: no script, style sheet, font or image from elsewhere, which its content
// policy forbids, too. It follows the reader's choice of light or dark, prints on white, and fits narrow screens. Where
// scripts do not run, pictures stand in the place of charts. Blocks are added in reading order.
type Page struct {
	Title  string
	blocks []block
}

type block struct {
	Kind    string
	ID      string
	Level   int
	Text    string
	Caption string
	Markup  template.HTML
	Table   *Table
	Images  []Image
	Columns []string
	Pairs   [][2]string
	Pieces  []Piece

	// drawing is a figure, of the given size, and alt says in words what it shows. Data are the lines of a chart, as JSON.
	drawing       Drawing
	width, height int
	alt           string
	chart         *chart.Data
	Data          template.HTML
}

// Table is rows of text under a header. The first column is of names, the others are of numbers, unless Text says so.
type Table struct {
	Caption string
	Header  []string
	Rows    [][]string
	// Text lists the columns besides the first that are words and not numbers.
	Text []int
	// Links, where there are any, are the addresses that the first cells of the rows lead to, relative to the page.
	Links []string
	// Emphasis is the rows to show in bold type, and Strong the single cells, each by its row and column.
	Emphasis []int
	Strong   [][2]int
}

// Image is a PNG or a JPEG with what it shows in words, for readers who cannot see it, and a caption.
type Image struct {
	Content []byte
	Alt     string
	Caption string
}

// Heading begins a section; level is 2 or 3, since the page's title is the first.
func (p *Page) Heading(level int, text string) {
	p.blocks = append(p.blocks, block{Kind: "heading", Level: min(max(level, 2), 3), Text: text})
}

// Lead adds a paragraph in larger type: what a reader in a hurry should know.
func (p *Page) Lead(text string) { p.blocks = append(p.blocks, block{Kind: "lead", Text: text}) }

// Paragraph adds a paragraph.
func (p *Page) Paragraph(text string) {
	p.blocks = append(p.blocks, block{Kind: "paragraph", Text: text})
}

// Warning adds a paragraph that stands out.
func (p *Page) Warning(text string) { p.blocks = append(p.blocks, block{Kind: "warning", Text: text}) }

// Code adds text in which every space counts, such as a command.
func (p *Page) Code(text string) { p.blocks = append(p.blocks, block{Kind: "code", Text: text}) }

// Piece is some of a text, and what it is where that is to be seen.
type Piece struct{ Text, Label string }

// Marked adds text as Code does, with those of its pieces that have labels marked by these.
func (p *Page) Marked(pieces []Piece) {
	p.blocks = append(p.blocks, block{Kind: "marked", Pieces: pieces})
}

// Table adds a table.
func (p *Page) Table(t Table) { p.blocks = append(p.blocks, block{Kind: "table", Table: &t}) }

// Definitions adds a list of names and what they are.
func (p *Page) Definitions(pairs [][2]string) {
	p.blocks = append(p.blocks, block{Kind: "definitions", Pairs: pairs})
}

// Figure adds a figure, drawn for the given size as WriteSVG does and as wide as the page; alt says in words what it
// shows.
func (p *Page) Figure(f Drawing, width, height int, alt, caption string) {
	p.blocks = append(p.blocks, block{Kind: "figure", drawing: f, width: width, height: height, alt: alt, Caption: caption})
}

// Chart adds a chart that readers can zoom into; where scripts do not run, the figure is seen in its place.
func (p *Page) Chart(data *chart.Data, f Drawing, width, height int, alt, caption string) {
	p.Figure(f, width, height, alt, caption)
	p.blocks[len(p.blocks)-1].chart = data
}

// Gallery adds images beside each other, as many in a row as fit.
func (p *Page) Gallery(caption string, images []Image) {
	p.blocks = append(p.blocks, block{Kind: "gallery", Images: images, Caption: caption})
}

// Grid adds images in rows under the names of columns.
func (p *Page) Grid(caption string, columns []string, images []Image) {
	p.blocks = append(p.blocks, block{Kind: "grid", Images: images, Columns: columns, Caption: caption})
}

// inlineSVG makes an SVG document part of a page: its size is the page's, its colours of ink and paper the reader's,
// and its text is announced by one name.
func inlineSVG(document, id, alt string) template.HTML {
	_, document, _ = strings.Cut(document, "<svg ")
	head, body, _ := strings.Cut(document, ">")
	view := ""
	if _, rest, ok := strings.Cut(head, `viewBox="`); ok {
		box, _, _ := strings.Cut(rest, `"`)
		view = ` viewBox="` + box + `"`
	}
	for _, pair := range []struct {
		from color.NRGBA
		to   string
	}{{ink, "ink"}, {frameColor, "frame"}, {gridColor, "grid"}, {paper, "paper"}} {
		hex := fmt.Sprintf("#%02X%02X%02X", pair.from.R, pair.from.G, pair.from.B)
		body = strings.ReplaceAll(body, ":"+hex, ":var(--"+pair.to+")")
	}
	title := template.HTMLEscapeString(alt)
	return template.HTML(`<svg role="img" aria-labelledby="` + id + `"` + view + ` xmlns="http://www.w3.org/2000/svg"><title id="` + id + `">` +
		title + `</title>` + body)
}

// pagePoints is how many points the lines of a page's figures have together: about 200 kB of SVG.
const pagePoints = 16_000

// Write writes the page.
func (p *Page) Write(w io.Writer) error {
	figures := 0
	for i := range p.blocks {
		if p.blocks[i].drawing != nil {
			figures++
		}
	}
	blocks := slices.Clone(p.blocks)
	policy := "'none'"
	for i := range blocks {
		b := &blocks[i]
		if b.drawing == nil {
			continue
		}
		b.ID = fmt.Sprintf("figure-%d", i+1)
		text, err := svgOf(b.drawing, b.width, b.height, pagePoints/figures)
		if err != nil {
			return fmt.Errorf("page %q: %w", p.Title, err)
		}
		b.Markup = inlineSVG(text, b.ID, b.alt)
		if b.chart == nil {
			continue
		}
		// What encoding/json writes has no <, > or &, so that no text of a run ends the element.
		data, err := json.Marshal(b.chart)
		if err != nil {
			return fmt.Errorf("page %q: %w", p.Title, err)
		}
		b.Data = template.HTML(`<script type="application/json">` + string(data) + `</script>`)
		hash := sha256.Sum256([]byte(chart.Report()))
		policy = "'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"
	}
	page := struct {
		Title, Policy string
		Blocks        []block
		Style         template.CSS
		Script        template.HTML
	}{Title: p.Title, Policy: policy, Blocks: blocks}
	if policy != "'none'" {
		page.Style = template.CSS(chart.Style())
		page.Script = template.HTML("<script>" + chart.Report() + "</script>\n")
	}
	return pageTemplate().Execute(w, page)
}

// URL is the image's content as a data URI.
func (i Image) URL() template.URL {
	kind := "png"
	if bytes.HasPrefix(i.Content, []byte("\xff\xd8\xff")) {
		kind = "jpeg"
	}
	return template.URL("data:image/" + kind + ";base64," + base64.StdEncoding.EncodeToString(i.Content))
}

// Class is how a cell of the table is set.
func (t *Table) Class(column int) string {
	if column == 0 {
		return "word"
	}
	for _, c := range t.Text {
		if c == column {
			return "word"
		}
	}
	return ""
}

// CellClass is how a cell below the header is set.
func (t *Table) CellClass(row, column int) string {
	class := t.Class(column)
	for _, cell := range t.Strong {
		if cell == [2]int{row, column} {
			class += " best"
		}
	}
	return class
}

// Link is where the first cell of a row leads to, empty for nowhere.
func (t *Table) Link(row, column int) string {
	if column > 0 || row >= len(t.Links) {
		return ""
	}
	return t.Links[row]
}

// RowClass is how a row of the table is set.
func (t *Table) RowClass(row int) string {
	for _, r := range t.Emphasis {
		if r == row {
			return "strong"
		}
	}
	return ""
}

// Rows are the images of a grid, as many in each as there are columns.
func (b block) Rows() [][]Image {
	var rows [][]Image
	for k := 0; k < len(b.Images); k += len(b.Columns) {
		rows = append(rows, b.Images[k:min(k+len(b.Columns), len(b.Images))])
	}
	return rows
}

// pageTemplate is parsed at the first page, so that commands that write none do not wait for it.
var pageTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page").Parse(pageText))
})

const pageText = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src {{.Policy}}; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
<meta name="color-scheme" content="light dark">
<title>{{.Title}}</title>
<style>
:root { --ink: #222222; --soft: #5f5f5f; --frame: #777777; --grid: #e4e4e4; --paper: #ffffff; --panel: #f6f6f4; --warn: #fff3e0; --shade: #00000038; --warn-edge: #d55e00; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #e6e6e6; --soft: #a5a5a5; --frame: #8a8a8a; --grid: #333639; --paper: #16181a; --panel: #1f2225; --warn: #33261a; --shade: #ffffff28; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 62rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 1rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .6rem; }
h3 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
p { max-width: 46rem; margin: .6rem 0; }
.lead { font-size: 1.15rem; }
.warning { background: var(--warn); border-left: 4px solid var(--warn-edge); padding: .6rem .9rem; }
figure { margin: 1.2rem 0; break-inside: avoid; }
figcaption, caption { color: var(--soft); font-size: .9rem; text-align: left; max-width: 46rem; }
figcaption { margin-top: .4rem; }
caption { padding-bottom: .4rem; max-width: min(46rem, calc(100vw - 2.5rem)); white-space: normal; }
svg { display: block; width: 100%; height: auto; }
.scroll, .plot { overflow-x: auto; background: linear-gradient(to right, var(--paper) 30%, transparent) left / 2.5rem 100%,
  linear-gradient(to left, var(--paper) 30%, transparent) right / 2.5rem 100%, linear-gradient(to right, var(--shade), transparent) left / .8rem 100%,
  linear-gradient(to left, var(--shade), transparent) right / .8rem 100%; background-repeat: no-repeat; background-attachment: local, local, scroll, scroll; }
.scroll { margin: 1rem 0; }
a { color: inherit; }
table { border-collapse: collapse; font-size: .93rem; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .8rem .35rem 0; text-align: right; vertical-align: baseline; white-space: nowrap; }
th { font-weight: 600; border-bottom: 1.5px solid var(--frame); vertical-align: bottom; }
td { border-bottom: 1px solid var(--grid); }
.word { text-align: left; }
.strong td, .best { font-weight: 600; }
pre { background: var(--panel); padding: .8rem 1rem; overflow-x: auto; font-size: .88rem; white-space: pre-wrap; overflow-wrap: anywhere; }
mark { background: var(--warn); color: inherit; border-bottom: 2px solid var(--warn-edge); }
mark small { color: var(--soft); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.2rem; font-size: .93rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: 1rem; }
.gallery figure { margin: 0; }
.gallery figcaption { font-size: .8rem; line-height: 1.35; overflow-wrap: anywhere; }
.grid { display: grid; gap: .4rem .6rem; font-size: .85rem; color: var(--soft); max-width: 46rem; }
.grid figure { margin: 0; }
img { display: block; width: 100%; image-rendering: pixelated; background: var(--panel); }
@media (max-width: 40rem) { body { padding: 1rem .8rem 3rem; } h1 { font-size: 1.35rem; } .lead { font-size: 1.05rem; }
  .plot svg { min-width: 34rem; } dl { grid-template-columns: 1fr; } dd { margin-bottom: .4rem; } }
@media print { body { max-width: none; padding: 0; font-size: 10pt; } h2 { break-after: avoid; } .scroll { overflow: visible; }
  .gallery { grid-template-columns: repeat(6, 1fr); } }
{{.Style}}
</style>
</head>
<body>
<main>
<h1>{{.Title}}</h1>
{{range .Blocks -}}
{{if eq .Kind "heading"}}{{if eq .Level 2}}<h2>{{.Text}}</h2>{{else}}<h3>{{.Text}}</h3>{{end}}
{{else if eq .Kind "lead"}}<p class="lead">{{.Text}}</p>
{{else if eq .Kind "paragraph"}}<p>{{.Text}}</p>
{{else if eq .Kind "warning"}}<p class="warning">{{.Text}}</p>
{{else if eq .Kind "code"}}<pre><code>{{.Text}}</code></pre>
{{else if eq .Kind "marked"}}<pre><code>{{range .Pieces}}{{if .Label}}<mark>{{.Text}}<small> {{.Label}}</small></mark>{{else}}{{.Text}}{{end}}{{end}}</code></pre>
{{else if eq .Kind "definitions"}}<dl>{{range .Pairs}}<dt>{{index . 0}}</dt><dd>{{index . 1}}</dd>{{end}}</dl>
{{else if eq .Kind "figure"}}<figure{{if .Data}} data-chart{{end}}><div class="plot fallback">{{.Markup}}</div>{{if .Data}}<div class="touch"></div>{{.Data}}{{end}}{{with .Caption}}<figcaption>{{.}}</figcaption>{{end}}</figure>
{{else if eq .Kind "table"}}{{$table := .Table}}<div class="scroll"><table>{{with .Table.Caption}}<caption>{{.}}</caption>{{end}}
<thead><tr>{{range $k, $cell := .Table.Header}}<th scope="col" class="{{$table.Class $k}}">{{$cell}}</th>{{end}}</tr></thead>
<tbody>{{range $r, $row := .Table.Rows}}<tr class="{{$table.RowClass $r}}">{{range $k, $cell := $row}}<td class="{{$table.CellClass $r $k}}">{{with $table.Link $r $k}}<a href="{{.}}">{{$cell}}</a>{{else}}{{$cell}}{{end}}</td>{{end}}</tr>
{{end}}</tbody></table></div>
{{else if eq .Kind "gallery"}}<figure><div class="gallery">{{range .Images}}<figure><img src="{{.URL}}" alt="{{.Alt}}"><figcaption>{{.Caption}}</figcaption></figure>
{{end}}</div>{{with .Caption}}<figcaption>{{.}}</figcaption>{{end}}</figure>
{{else if eq .Kind "grid"}}<figure><div class="grid" style="grid-template-columns: repeat({{len .Columns}}, minmax(0, 1fr))">{{range .Columns}}<div>{{.}}</div>{{end}}
{{range .Rows}}{{range .}}<figure><img src="{{.URL}}" alt="{{.Alt}}">{{with .Caption}}<figcaption>{{.}}</figcaption>{{end}}</figure>{{end}}
{{end}}</div>{{with .Caption}}<figcaption>{{.}}</figcaption>{{end}}</figure>
{{end}}{{end}}</main>
{{.Script}}</body>
</html>
`
