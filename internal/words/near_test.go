package words

import "testing"

func TestDidYouMean(t *testing.T) {
	names := []string{"steps", "seed", "out", "loss", "last", "test", "train", "scan", "batch-size", "optimizer.learning-rate", "data.learning-rate", "resume", "report", "replay"}
	for name, want := range map[string]string{
		"stepz":         "; did you mean <steps>?",
		"setps":         "; did you mean <steps>?", // letters that changed places
		"trian":         "; did you mean <train>?",
		"tran":          "; did you mean <train>?", // and not scan, which is further
		"los":           "; did you mean <loss>?",
		"Batch_Size":    "; did you mean <batch-size>?",
		"batch":         "; did you mean <batch-size>?", // begun
		"re":            "",                             // too little of one
		"res":           "; did you mean <resume>?",
		"rep":           "; did you mean <report> or <replay>?",
		"set":           "", // as far from most words of its length
		"learning_rate": "; did you mean <optimizer.learning-rate> or <data.learning-rate>?",
		"data.lerning":  "",
		"":              "",
		"zzzzzz":        "",
	} {
		if got := DidYouMean(name, names, func(near string) string { return "<" + near + ">" }); got != want {
			t.Errorf("%q: %q, not %q", name, got, want)
		}
	}
}
