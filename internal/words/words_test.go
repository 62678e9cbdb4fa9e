package words

import (
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestNumbers(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{Count(int64(-1234567)), "-1,234,567"}, {Count(999), "999"}, {Thousands("12345.678"), "12,345.678"},
		{Number(1.1777), "1.178"}, {Number(24318.2), "24,318"}, {Number(0.0625), "0.0625"}, {Number(12.345), "12.35"}, {Number(7.8125e-4), "7.81e-04"},
		{Number(999.99), "1,000"}, {Number(-2.5), "-2.500"}, {Number(0), "0.000"}, {Number(math.NaN()), "–"}, {Number(math.Inf(1)), "infinite"},
		{Short(1.5, 4), "1.5"}, {Short(24318.2, 4), "24,318"}, {Short(7.8125e-4, 2), "0.00078"}, {Short(999.7, 4), "1,000"}, {Short(-1e9, 3), "-1e+09"},
		{Short(math.NaN(), 3), "NaN"}, {Sigmas(8.26), "8.3"}, {Sigmas(9.96), "10"}, {Sigmas(57.4), "57"}, {Sigmas(1234.5), "1,235"}, {Sigmas(1e12), "1e+12"},
		{Spread(2.27345, 0.01412, 3), "2.273 ± 0.014"}, {Spread(1234.5, 200, 3), "1,234 ± 200"}, {Spread(2.5, 0.1, 1), "2.500"}, {Spread(2.5, 0, 3), "2.500"},
		{Percent(0.123), "12 %"}, {Percent(0.0251), "2.5 %"}, {Percent(0.0031), "0.31 %"}, {Percent(0.00001), "0.001 %"}, {Percent(0), "0 %"}, {Percent(0.0996), "10 %"},
		{Change(-0.264), "−26 %"}, {Change(0.004), "+0.4 %"}, {Change(-0.0000001), "0 %"}, {Change(12), "+1,200 %"},
		{Seconds(4.24), "4.2 s"}, {Seconds(59.99), "1 min 0 s"}, {Seconds(3599.8), "1 h 0 min"}, {Seconds(7500), "2 h 5 min"},
		{Clock(45 * time.Second), "45s"}, {Clock(125 * time.Minute), "2h05m"},
		{Counted(1, "step"), "1 step"}, {Counted(2500, "step"), "2,500 steps"}, {Agreeing(0, "loss was", "losses were"), "0 losses were"}, {Times(2), "twice"}, {Verb(1, "is", "are") + Verb(2, "is", "are"), "isare"},
		{Capital("a.tif: held out"), "a.tif: held out"}, {Capital("quartic loss"), "Quartic loss"}, {Capital(""), ""},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}

func TestWrap(t *testing.T) {
	text := "The mean of the last 2,500 losses is 2.268 ± 0.014.\nA second paragraph."
	if got, want := (Layout{Width: 20, ASCII: true}).Wrap(text, "  "), "The mean of the last\n  2,500 losses is\n  2.268 +- 0.014.\nA second paragraph."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := (Layout{}).Wrap(text, "  "); got != text {
		t.Errorf("without a width: %q", got)
	}
	if got := (Layout{Width: 5}).Wrap("unbreakable word", ""); got != "unbreakable\nword" {
		t.Errorf("a long word: %q", got)
	}
}

var (
	header = []string{"clipping", "seeds", "mean of last 2,500", "99th percentile", "largest", "clipped"}
	rows   = [][]string{
		{"no clipping", "3", "3.064 ± 0.021", "9.12", "1,777", "–"},
		{"ALRC, n = 2", "3", "2.268 ± 0.014", "8.01", "68.20", "1.4 %"},
	}
)

func TestMessage(t *testing.T) {
	l := Layout{Width: 20}
	text := "alrc: a message that is too long\n  1  a row of a table  that is too long\n  indented text that is too long\nshort"
	want := "alrc: a message that\nis too long\n  1  a row of a table  that is too long\n  indented text that\n  is too long\nshort"
	if got := l.Message(text); got != want {
		t.Errorf("%q, not %q", got, want)
	}
	if got := (Layout{}).Message(text); got != text {
		t.Errorf("%q without a width", got)
	}
}

func TestTableAligns(t *testing.T) {
	want := "" +
		"clipping     seeds  mean of last 2,500  99th percentile  largest  clipped\n" +
		"no clipping      3       3.064 ± 0.021             9.12    1,777        –\n" +
		"ALRC, n = 2      3       2.268 ± 0.014             8.01    68.20    1.4 %\n"
	for _, width := range []int{0, 80} {
		if got := (Layout{Width: width}).Table(header, rows); got != want {
			t.Errorf("at width %d:\n%s", width, got)
		}
	}
	narrow := "" +
		"                     mean of last         99th\n" +
		"clipping     seeds          2,500   percentile  largest  clipped\n" +
		"no clipping      3  3.064 ± 0.021         9.12    1,777        –\n" +
		"ALRC, n = 2      3  2.268 ± 0.014         8.01    68.20    1.4 %\n"
	if got := (Layout{Width: 64}).Table(header, rows); got != narrow {
		t.Errorf("at width 64:\n%s", got)
	}
	block := "no clipping\n  seeds: 3\n  mean of last 2,500: 3.064 ± 0.021\n"
	if got := (Layout{Width: 40}).Table(header, rows); !strings.HasPrefix(got, block) {
		t.Errorf("at width 40:\n%s", got)
	}
}

// At any width a table has every word of every cell, whole, and no line is wider unless a word is.
func TestTableFits(t *testing.T) {
	for width := 1; width <= 100; width++ {
		for _, ascii := range []bool{false, true} {
			l := Layout{Width: width, ASCII: ascii}
			text := l.Table(header, rows)
			for _, line := range strings.Split(text, "\n") {
				if n := utf8.RuneCountInString(line); n > width && width >= 18 {
					t.Errorf("at width %d a line has %d columns:\n%s", width, n, text)
				}
				if ascii && strings.ContainsFunc(line, func(r rune) bool { return r > 127 }) {
					t.Errorf("%q is not ASCII", line)
				}
			}
			for _, row := range rows {
				for _, cell := range row {
					for _, word := range strings.Fields(l.Plain(cell)) {
						if !strings.Contains(text, word) {
							t.Errorf("at width %d, %q is missing:\n%s", width, word, text)
						}
					}
				}
			}
		}
	}
}

func TestFirst(t *testing.T) {
	list := []time.Duration{time.Second, time.Minute, time.Hour}
	for most, want := range map[int]string{3: "1s; 1m0s; 1h0m0s", 2: "1s; 1m0s; and 1 more", 5: "1s; 1m0s; 1h0m0s"} {
		if got := First(list, most, "; "); got != want {
			t.Errorf("the first %d are %q, want %q", most, got, want)
		}
	}
}
