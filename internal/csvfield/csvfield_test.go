package csvfield

import (
	"encoding/csv"
	"slices"
	"strings"
	"testing"
)

// Whatever fields hold, readers of CSV find them again, but for line ends.
func TestAppendIsCSV(t *testing.T) {
	fields := []string{"loss", "", "a,b", `the "sum"`, `"`, `""`, "two\nlines", " spaces ", "損失,1"}
	var line []byte
	for i, field := range fields {
		if i > 0 {
			line = append(line, ',')
		}
		line = Append(line, field)
	}
	got, err := csv.NewReader(strings.NewReader(string(line))).Read()
	fields[6] = "two lines"
	if err != nil || !slices.Equal(got, fields) {
		t.Errorf("%s is read as %q, %v", line, got, err)
	}
}
