package nolog

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"alrc/internal/decimal"
	"alrc/internal/losslog/plaintext"
)

// shape is a kind of line. Marks are lines of its kind alone; others count as well where there are marks.
type shape struct {
	Kind
	marks, others *regexp.Regexp
	// fewest is how many marks there must be, and least the tenths of all lines that must be marks or others.
	fewest, least int
}

// What documents for people are called, and the figures that sum data up.
const (
	Document    = "a document"
	Description = "a description of data"
)

// shapes are the kinds of text that are told line by line; the first that fits counts.
var shapes = []shape{
	{Kind{"a patch", GiveLog, false},
		regexp.MustCompile(`^(diff --git |@@ -\d+(,\d+)? \+\d+(,\d+)? @@|--- a/|\+\+\+ b/)`), regexp.MustCompile(`^[-+ ]|^index |^(new|deleted) file mode`), 3, 7},
	{Kind{"the output of an installation", "give the log of the training that came after it", true},
		regexp.MustCompile(`^(Collecting \S|Requirement already satisfied|Successfully installed |Installing collected packages|Using cached |Looking in indexes|Found existing installation|Attempting uninstall|Building wheels? |(Get|Hit|Ign):\d+ |Setting up \S|Unpacking \S|Preparing to unpack)`),
		regexp.MustCompile(`(?i)(download|install|metadata|cached|wheel|whl|[kM]B|━|package)`), 3, 7},
	{Kind{"a summary of a model's layers", "give the log of the training that came after it", true},
		regexp.MustCompile(`[(\[]\(?(None|-?\d+)(, *(None|-?\d+))*,?[\])]+\W*\s(--|\d[\d,]*)\W*$`), regexp.MustCompile(`^[-=_─━│┃├└┌┡┏ ]{4}|(?i)\bparams\b|\(type|\bsize \(MB\)|mult-adds|^Model: |^\S+( \(\S*)? {8,}\S`), 3, 8},
	{Kind{Description, GiveLog, false},
		regexp.MustCompile(`^(25|50|75)%(\s+-?\d+\.\d+(e[-+]\d+)?)+$`), regexp.MustCompile(`\d|\.\.\.`), 3, 7},
	{Kind{"a list of packages to install", GiveLog, false},
		regexp.MustCompile(`^[A-Za-z][\w.-]*(\[[\w,-]+\])?\s*(==|>=|<=|~=|!=|===?)\s*[\w.*+-]+\s*(,|;|#|\\|$)`), regexp.MustCompile(`^(#|-[a-z]|--|@|\S+ @ |[A-Za-z][\w.-]*$)`), 2, 8},
	{Kind{"statements of SQL", "export the losses as CSV, and give that", false},
		regexp.MustCompile(`(?i)^(create (table|index|database|view)|insert into|drop table|alter table|delete from|select\b.*\bfrom\b|lock tables|unlock tables)\b`),
		regexp.MustCompile(`(?i)(^--|^/\*|[,;)(]$|^(\)|primary key|from|where|group by|order by|values|set|join|left|inner)\b)`), 1, 7},
	{Kind{"source code (LaTeX)", giveNumbers, false},
		regexp.MustCompile(`^\\(begin|end|section|subsection|usepackage|documentclass|newcommand|item|caption|label)\b`), regexp.MustCompile(`\\[a-zA-Z]+|^%|[.,}]$|&`), 3, 5},
	{Kind{"source code (Python)", "run it, and give what it prints, as in 'alrc watch -- python FILE'", false},
		regexp.MustCompile(`^(async def|def) \w+|^class \w+.*:$|^(import [\w.]+( as \w+)?(, ?[\w.]+( as \w+)?)*|from [\w.]+ import .+)$|^(if|elif|for|while|with|except)\b.*:(\s*#.*)?$|^(else|try|finally):$|^#!.*python`),
		regexp.MustCompile(`^(#|"""|'''|@\w|return\b|raise\b|assert\b|pass$|yield\b|global\b|print\(|self\.|[)\]}]+,?$)|^[\w.\[\]'", *]+\s*[-+*/|]?=\s*\S|^[\w.]+\(.*|[,(\[{\\:]$|[)\]}'"],?$`), 3, 7},
	{Kind{"a script of a shell", runIt, false},
		regexp.MustCompile(`^(#!.*sh\b|#SBATCH|#PBS|export \w+=|echo\b|source \S|module load|fi$|done$|esac$|then$|if \[|for \w+ in|python3? \S|srun\b|sbatch\b|torchrun\b|CUDA_VISIBLE_DEVICES=|cd \S|mkdir \S|pip3? install|git clone|conda activate|set -\w)`),
		regexp.MustCompile(`^(#|--?\w|\w+=|\w+\s?\(\)\s?\{|\}|function\b|local\b|else$|\$)|\\$|\$\{?\w`), 2, 6},
	{Kind{"a recipe of a build", GiveLog, false},
		regexp.MustCompile(`^(FROM|RUN|COPY|ENV|WORKDIR|ENTRYPOINT|CMD|ARG|ADD|EXPOSE|LABEL|VOLUME|USER) \S|(?i)^(cmake_minimum_required|project|set|unset|add_\w+|target_\w+|find_\w+|include\w*|(else)?if|else|endif|message|option|install|file|list|foreach|endforeach|function|endfunction|macro|get_\w+|set_\w+|externalproject_\w+|fetchcontent_\w+|option|string)\s*\(`),
		regexp.MustCompile(`^(#|&&|--?\w|[A-Z_]+$|\$)|\\$|^"|[)]$|^[\w./${}-]+$`), 2, 7},
	{Kind{"source code", runIt, false},
		regexp.MustCompile(`^#\s*(include|define|ifdef|ifndef|endif|pragma)\b|^(public|private|protected|static|const|let|var|void|template|namespace|using|struct|enum|typedef|fn|pub|func|impl|package|import|export|function|interface|use|mod|extern|virtual|inline|class|return|if|for|while|switch|case|else|local|end|library|require|type)\b.*[{};,)>"']$|^(\}|\{|end|\}\)?;?|\} else \{)$|^(package|import|library|using|function|local|type) |<-\s*(function)?|^[.#@\w][^{}=]*\{$|[(=].*;$`),
		regexp.MustCompile(`^(//|/\*|\*|--|#|%|;)|[;{}(,)]$|^[\w.:\[\]<>*& ]+\s*(=|:=|<-)\s*\S`), 2, 7},
	{Kind{Document, GiveLog, false},
		regexp.MustCompile("^#{1,6} +\\S|^\\.\\. [\\w-]+::|^:\\w+:|^```|^~~~|\\]\\((https?:|\\.{0,2}/|#|\\w)|^!\\[|^<(img|p|div|h\\d|br|a|details|table)\\b"),
		regexp.MustCompile(`.`), 3, 10},
}

// traces are what programs that fail print.
var traces = regexp.MustCompile(`^Traceback \(most recent call last\):|^\s+at [\w.$<>]+\(.*:\d+\)$|^goroutine \d+ \[|^panic: |^Exception in thread|^thread '.*' panicked at|^Segmentation fault|^ERROR: LoadError`)

const (
	// shapedLines is how many lines are looked at to tell a text's kind.
	shapedLines = 1000
	// markLeast is the share of marks, in hundredths, that a kind needs.
	markLeast = 4
)

// structureOf tells what a text is by the shapes of its lines; ok is false where nothing speaks against a log.
func structureOf(text []byte) (k Kind, ok bool) {
	lines := shapedOf(text)
	if len(lines) == 0 {
		return k, false
	}
	if k, ok := Certain(text); ok {
		return k, true
	}
	for i := range shapes {
		if k := &shapes[i]; k.fits(lines) {
			return k.Kind, true
		}
	}
	repeats := repeats(lines)
	if !repeats && isSettings(lines) {
		return Kind{"settings", "give the log of the run that had them", false}, true
	}
	if !repeats && isVocabulary(lines) {
		return Kind{"a list of words or of files", GiveLog, false}, true
	}
	if what, ok := tableOf(lines); ok && !repeats {
		return Kind{what, GiveLog, false}, true
	}
	if !repeats && isProse(lines) {
		return Kind{"a text for people", GiveLog, true}, true
	}
	for i, line := range lines {
		if traces.MatchString(line) {
			what := "the messages of a program that failed"
			if failure := failureAfter(lines[i:]); failure != "" {
				what += " (" + failure + ")"
			}
			return Kind{what, "give a log that goes on to the first losses", true}, true
		}
	}
	return k, false
}

// repeats says whether a text says the same again and again with other numbers, some of them with a point, as logs do.
func repeats(lines []string) bool {
	const fewest = 5
	counts := make(map[string]int)
	for _, line := range lines {
		counts[withoutNumbers(line)]++
	}
	again := 0
	for shape, n := range counts {
		if n >= fewest && strings.Contains(shape, "0.0") && strings.ContainsFunc(shape, unicode.IsLetter) {
			again += n
		}
	}
	return again*2 >= len(lines)
}

// withoutNumbers returns a line with a zero for each run of digits, so that 12.5 becomes 0.0.
func withoutNumbers(line string) string {
	var shape strings.Builder
	digit := false
	for _, r := range line {
		if before := digit; r >= '0' && r <= '9' {
			if digit = true; !before {
				shape.WriteByte('0')
			}
			continue
		}
		digit = false
		if r != ' ' && r != '-' && r != '+' {
			shape.WriteRune(r)
		}
	}
	return shape.String()
}

// Certain recognises what its first lines tell, and in which no loss is meant.
func Certain(text []byte) (k Kind, ok bool) {
	first, rest, _ := bytes.Cut(text, []byte("\n"))
	if bytes.HasPrefix(first, []byte("diff --git ")) || bytes.HasPrefix(first, []byte("--- ")) && bytes.HasPrefix(rest, []byte("+++ ")) {
		return shapes[0].Kind, true
	}
	if !isMarkup(text) {
		return k, false
	}
	if plaintext.IsHTML(text) {
		return Kind{"a page of HTML", GiveLog + "; of a table in it, its text", false}, true
	}
	return Kind{"an XML document", GiveLog, false}, true
}

// shapedOf returns the lines of a text that are not empty, without what a diff does not need before them.
func shapedOf(text []byte) (all []string) {
	for len(text) > 0 && len(all) < shapedLines {
		line, rest, more := bytes.Cut(text, []byte("\n"))
		if text = rest; !more && len(all) > 3 {
			break // it may be cut
		}
		if line = bytes.TrimRight(line, " \t\r"); len(line) > 0 {
			all = append(all, string(line[:min(len(line), 400)]))
		}
	}
	return all
}

func (k *shape) fits(lines []string) bool {
	trimmed := func(line string) string {
		if k.What == "a patch" {
			return line
		}
		return strings.TrimLeft(line, " \t")
	}
	marked := make([]bool, len(lines))
	marks, others := 0, 0
	for i, line := range lines {
		if marked[i] = k.marks.MatchString(trimmed(line)); marked[i] {
			marks++
		}
	}
	if marks < k.fewest || marks*100 < len(lines)*markLeast {
		return false // most texts, which saves the rest
	}
	for i, line := range lines {
		if !marked[i] && k.others.MatchString(trimmed(line)) {
			others++
		}
	}
	return (marks+others)*10 >= len(lines)*k.least
}

// isMarkup says whether a text is HTML or XML.
func isMarkup(text []byte) bool {
	text = plaintext.TrimStart(text)
	if len(text) < 3 || text[0] != '<' || !(text[1] == '!' || text[1] == '?' || text[1]|0x20 >= 'a' && text[1]|0x20 <= 'z') {
		return false
	}
	head := text[:min(len(text), 1<<14)]
	return bytes.Contains(head, []byte("</")) || bytes.Contains(head, []byte("/>")) || bytes.HasPrefix(bytes.ToLower(text), []byte("<!doctype"))
}

var (
	setting = regexp.MustCompile(`^(\s*)(- +)?(--)?([A-Za-z_][\w. /@-]*|["'][\w. /@-]+["'])\s*[:=]\s*(.*)$`)
	count   = regexp.MustCompile(`\b\d+\b`)
	section = regexp.MustCompile(`^\[+["\w. :/-]+\]+$`)
	item    = regexp.MustCompile(`^\s*(- *\S|["'].*["'],?$|[\]}]+,?$|[\[{].*[\]}],?$)`)
)

// isSettings says whether a text gives each of many names one value, as YAML, TOML, ini files and printed arguments do. The names of
// a log come again and again.
func isSettings(lines []string) bool {
	type open struct {
		indent int
		key    string
	}
	var path []open
	seen := make(map[string]int)
	settings, items, sections, comments, again := 0, 0, 0, 0, 0
	deeper := -1 // lines indented by more belong to a text of several lines
	for _, line := range lines {
		trimmed := strings.TrimSpace(line)
		indented := len(line) - len(strings.TrimLeft(line, " \t"))
		switch m := setting.FindStringSubmatch(line); {
		case trimmed == "" || trimmed[0] == '#' || trimmed[0] == ';' || trimmed == "---" || trimmed == "...":
			comments++
		case section.MatchString(trimmed):
			sections++
			path = []open{{-1, trimmed}}
		case deeper >= 0 && indented > deeper:
			items++
		case m != nil && len(strings.Fields(m[4])) <= 4:
			settings++
			if deeper = -1; len(m[5]) < 3 && strings.Trim(m[5], ">|-+") == "" && m[5] != "" {
				deeper = indented
			}
			indent := len(m[1])
			for len(path) > 0 && path[len(path)-1].indent >= indent {
				path = path[:len(path)-1]
			}
			key := count.ReplaceAllString(m[4], "") // "Step 10 error = 0.5" again and again is none
			if m[2] != "" {
				key = trimmed // of an item of a list
			}
			path = append(path, open{indent, key})
			var name strings.Builder
			for _, p := range path {
				name.WriteString(p.key)
				name.WriteByte('\n')
			}
			if seen[name.String()]++; seen[name.String()] > 1 {
				again++
			}
		case item.MatchString(line):
			items++
		}
	}
	n := len(lines) - comments
	return settings >= 3 && (settings+items+sections)*10 >= n*8 && again*5 <= settings
}

// isProse says whether most lines are sentences, or parts of these.
func isProse(lines []string) bool {
	prose := 0
	for _, line := range lines {
		words, letters := len(strings.Fields(line)), 0
		for _, c := range []byte(line) {
			if decimal.IsLetter(c) {
				letters++
			}
		}
		if words >= 5 && letters*10 >= len(line)*7 {
			prose++
		}
	}
	return prose*10 >= len(lines)*7
}

// tableOf says what a table is of, where a delimiter comes as often in nearly all lines.
func tableOf(lines []string) (what string, ok bool) {
	for _, delimiter := range []string{"\t", ",", ";"} {
		count := strings.Count(lines[0], delimiter)
		if count == 0 || len(lines) < 3 {
			continue
		}
		same := 0
		for _, line := range lines {
			// Texts may hold the delimiter.
			if n := strings.Count(line, delimiter); n == count || n > count && strings.Contains(line, `"`) {
				same++
			}
		}
		if same*10 < len(lines)*8 || strings.ContainsAny(lines[0], ":=") {
			continue
		}
		what, numbers := "a table of texts", 0
		for _, cell := range strings.Split(lines[1], delimiter) {
			if isNumber(cell) {
				numbers++
			}
		}
		if numbers*2 > count {
			what = "a table of other numbers"
		}
		return what, true
	}
	return "", false
}

// isVocabulary says whether each line is another word, alone or with one number, or names files.
func isVocabulary(lines []string) bool {
	fewest := 20
	seen := make(map[string]bool)
	entries, comments, paths := 0, 0, 0
	for _, line := range lines {
		fields := strings.Fields(line)
		if len(fields) == 0 || line[0] == '#' {
			comments++
			continue
		}
		if !slices.ContainsFunc(fields, func(field string) bool {
			return !strings.ContainsAny(field, "/*.") || strings.ContainsAny(field, ":=,")
		}) {
			if !isNumber(fields[0]) {
				entries++
				paths++
				continue
			}
		}
		if len(fields) > 2 {
			continue
		}
		if len(fields) == 2 {
			if !isNumber(fields[1]) {
				continue
			}
		}
		if first := fields[0]; seen[first] || !strings.ContainsFunc(first, unicode.IsLetter) || strings.ContainsAny(first, ",;=") {
			continue
		}
		seen[fields[0]] = true
		entries++
	}
	if 2*paths > entries {
		fewest = 3
	}
	return entries >= fewest && entries*10 >= (len(lines)-comments)*9
}

// failureAfter is the last line of what a failing program printed, such as "KeyError: 'loss'".
func failureAfter(lines []string) string {
	found := ""
	for _, line := range lines {
		if line[0] == ' ' || line[0] == '\t' {
			continue
		}
		if name, _, ok := strings.Cut(line, ":"); ok && strings.HasSuffix(name, "Error") && !strings.Contains(name, " ") {
			found = line
		}
	}
	const most = 80
	if len(found) > most {
		found = found[:most] + "..."
	}
	return strings.ToValidUTF8(found, "?")
}

func isNumber(text string) bool {
	_, ok := decimal.Whole([]byte(text))
	return ok
}
