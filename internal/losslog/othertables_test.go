package losslog

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"testing"

	"alrc/internal/decimal"
)

// otherTables write the same cells down as other programs do.
var otherTables = []struct {
	name  string
	write func(rows [][]string) string
}{
	{"semicolons and decimal commas", func(rows [][]string) string {
		return joined(rows, ";", func(cell string) string {
			if _, n := decimal.Parse([]byte(cell)); n == len(cell) {
				return strings.Replace(cell, ".", ",", 1)
			}
			return cell
		})
	}},
	{"quotes", func(rows [][]string) string {
		return joined(rows, ",", func(cell string) string { return `"` + cell + `"` })
	}},
	{"decimal commas in quotes", func(rows [][]string) string {
		return joined(rows, ",", func(cell string) string { return `"` + strings.Replace(cell, ".", ",", 1) + `"` })
	}},
	{"tabs", func(rows [][]string) string { return joined(rows, "\t", func(cell string) string { return cell }) }},
	{"Markdown", func(rows [][]string) string {
		lines := strings.SplitAfter(joined(rows, " | ", func(cell string) string { return cell }), "\n")
		return lines[0] + strings.Repeat("--- | ", len(rows[0])-1) + "---\n" + strings.Join(lines[1:], "")
	}},
	{"fixed widths", func(rows [][]string) string {
		return joined(rows, "", func(cell string) string { return fmt.Sprintf("  %24s", cell) })
	}},
	{"an index", func(rows [][]string) string {
		i := -1
		var indexed [][]string
		for _, row := range rows {
			first := ""
			if i >= 0 {
				first = fmt.Sprint(i)
			}
			indexed = append(indexed, append([]string{first}, row...))
			i++
		}
		return joined(indexed, ",", func(cell string) string { return cell })
	}},
}

func joined(rows [][]string, delimiter string, write func(string) string) string {
	var b strings.Builder
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = write(cell)
		}
		line := strings.Join(cells, delimiter)
		if delimiter == " | " {
			line = "| " + line + " |"
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// A table says the same in whichever way it is written.
func TestTablesOtherwiseWritten(t *testing.T) {
	read := 0
	for _, log := range knownLogs(t, ".csv") {
		rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(log.content, []byte("\xef\xbb\xbf")))).ReadAll()
		simple := err == nil && len(rows) > 8 && len(rows[0]) > 1
		if simple {
			_, nameless := wholeNumber([]byte(rows[0][0])) // the file's name may tell what its columns are
			simple = !nameless
		}
		for _, row := range rows {
			// An empty name, an empty cell or one with spaces says different things in different tables.
			simple = simple && !slices.ContainsFunc(row, func(cell string) bool { return cell == "" || strings.ContainsAny(cell, " ,;|\"") })
		}
		if !simple {
			continue
		}
		read++
		for _, other := range otherTables {
			checkWritten(t, log.path, "table.txt", other.name, other.write(rows))
		}
	}
	if read < 5 {
		t.Errorf("only %d tables were read", read)
	}
}
