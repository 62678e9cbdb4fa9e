package losslog

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"alrc/internal/losslog/lexicon"
)

// doubtedLogs are those of testdata that are read rightly, and of which the program cannot know it.
var doubtedLogs = []string{
	"bar-in-strides.log", "bars-drawn-anew-with-means.log", "bars-of-epochs-with-a-test.log", "epoch-rises-late.log", "keras3-full-bars-twice.log",
	"nan-told-thrice.log", "one-loss.ipynb", "parts-on-many-lines.log", "plus-and-minus.log", "scaledbars.log", "train-acc-test-acc.log",
	"two-counts-without-names.log",
}

// falling writes n lines, whose losses fall; of gives the other numbers of each.
func falling(n int, format string, of func(i int) []any) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format+"\n", append(of(i), fmt.Sprintf("%.4f", 2.5/float64(i+1)+0.01*float64(i%3)))...)
	}
	return b.String()
}

// doubtedTexts are logs of each kind that is in doubt, each with what differs where nothing is.
var doubtedTexts = map[string]struct{ doubted, sure string }{
	"still": {
		falling(40, "step %d loss %s", func(i int) []any { return []any{i / 4 * 10} }),
		falling(40, "step %d loss %s", func(i int) []any { return []any{i * 10} }),
	},
	"drawn again": {
		falling(60, "fit:  40%%|####      | %d/70 [00:01<00:02,  9.1it/s, loss=%s]", func(i int) []any { return []any{i - i/12} }),
		falling(60, "fit:  40%%|####      | %d/70 [00:01<00:02,  9.1it/s, loss=%s]", func(i int) []any { return []any{i} }),
	},
	"uneven": {
		falling(40, "%d. loss %s", func(i int) []any { return []any{30 + i + i*i/20} }),
		falling(40, "%d. loss %s", func(i int) []any { return []any{i} }),
	},
	"short": {
		falling(30, "step %d loss %s", func(i int) []any { return []any{i} }) + falling(2, "step %d loss %s", func(i int) []any { return []any{i} }),
		strings.Repeat(falling(30, "step %d loss %s", func(i int) []any { return []any{i} }), 2),
	},
	"returns": {
		falling(60, "iter %d loss %s", func(i int) []any { return []any{[]int{i, 3}[flagOf(i == 30)]} }),
		falling(60, "iter %d loss %s", func(i int) []any { return []any{i} }),
	},
	"results": {
		falling(9, `{"variant": "%s", "loss": %s}`, func(i int) []any { return []any{strings.Repeat("ab", i/3+1)} }),
		falling(9, `{"variant": "%s", "step": %d, "loss": %s}`, func(i int) []any { return []any{strings.Repeat("ab", i/3+1), i} }),
	},
	"validation": {
		falling(30, "after a while the test loss: %s", func(int) []any { return nil }),
		falling(30, "epoch %d test loss: %s", func(i int) []any { return []any{i} }),
	},
	"few": {
		falling(6, "%d.5,%s,", func(i int) []any { return []any{i * i % 7} }),
		falling(6, "%d.5,%[2]s,%[2]s", func(i int) []any { return []any{i * i % 7} }),
	},
	"begins again": {
		strings.Repeat(falling(12, "loss: %s", func(int) []any { return nil }), 2),
		falling(24, "loss: %s", func(int) []any { return nil }),
	},
	"other lines": {
		falling(30, "[%s] the loss is %s so far", func(i int) []any { return []any{[]string{"train", "valid"}[flagOf(i%5 == 4)]} }),
		falling(30, "[%s] at step %d the loss is %s so far", func(i int) []any { return []any{[]string{"train", "valid"}[flagOf(i%5 == 4)], i} }),
	},
}

// heads are the names of columns above rows.
var heads = map[string]string{"few": "speed,loss,val_loss\n"}

// Each kind is told, and is not where what makes it doubtful is not there.
func TestDoubts(t *testing.T) {
	for _, kind := range doubtfuls {
		texts, ok := doubtedTexts[kind.name]
		if !ok {
			t.Errorf("no log is of the kind %q", kind.name)
		}
		for text, want := range map[string]bool{texts.doubted: true, texts.sure: false} {
			l, err := Open(Options{Inputs: []string{write(t, "log", heads[kind.name]+text)}})
			if err != nil {
				t.Fatalf("%s: %v\n%s", kind.name, err, text)
			}
			defer l.Close()
			for again := true; again && err == nil; {
				again, err = l.Read(func() *Chunk { return new(Chunk) }, func(*Chunk) error { return nil })
			}
			if kind.asks {
				if (err != nil) != want || want && !strings.Contains(err.Error(), kind.since(l.evidence)) {
					t.Errorf("%s: asked: %v", kind.name, err)
				}
				continue
			}
			if err != nil {
				t.Fatalf("%s: %v", kind.name, err)
			}
			doubts := l.Source().Doubts
			if told := slices.Contains(doubts, kind.since(l.evidence)); told != want {
				t.Errorf("%s, in doubt %v: %q; %d losses by %s\n%s", kind.name, told, doubts, l.Source().Records, l.Source().Counted(), text)
			}
			for _, doubt := range doubts {
				if !strings.Contains(doubt, "--") {
					t.Errorf("%s: no flag reads otherwise: %s", kind.name, doubt)
				}
			}
		}
	}
}

// What flags say is not doubted.
func TestFlagsAreNotDoubted(t *testing.T) {
	text := doubtedTexts["drawn again"].doubted
	path := write(t, "log", text)
	for _, o := range []Options{{}, {Step: string(lexicon.OfTotal)}, {Loss: "loss"}} {
		o.Inputs = []string{path}
		if source, _ := pairs(t, o); len(source.Doubts) > 0 != (o.Step == "" && o.Loss == "") {
			t.Errorf("%+v: %q", o, source.Doubts)
		}
	}
}
