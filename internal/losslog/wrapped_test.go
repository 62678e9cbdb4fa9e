package losslog

import (
	"fmt"
	"strings"
	"testing"
)

func TestLinesInObjects(t *testing.T) {
	const want = "10:0.5 20:0.25 30:0.125 40:0.0625"
	for name, line := range map[string]string{
		"of containers": `{"log":"step STEP loss LOSS, lr 0.1\n","stream":"stdout","time":"2000-01-01T00:00:00.123Z"}`,
		"in parts":      `{"log":"step STEP ","stream":"stdout"}` + "\n" + `{"log":"loss LOSS\n","stream":"stdout"}`,
		"of a service":  `{"PRIORITY":"6","TIME":"1700000000","MESSAGE":"step STEP: loss LOSS"}`,
		"of a logger":   `{"levelname": "INFO", "line": 12, "message": "step STEP, train_loss=LOSS, 3 s"}`,
		"objects":       `{"text":"{\"step\": STEP, \"loss\": LOSS}","severity":"INFO"}`,
		"no log within": `{"message":"step done, loss below","step":STEP,"loss":LOSS}`,
	} {
		var log strings.Builder
		for _, pair := range strings.Fields(want) {
			step, loss, _ := strings.Cut(pair, ":")
			log.WriteString(strings.NewReplacer("STEP", step, "LOSS", loss).Replace(line) + "\n")
		}
		if _, got := pairs(t, Options{Inputs: []string{write(t, "log", log.String())}}); got != want {
			t.Errorf("%s: read %s", name, got)
		}
	}
}

func TestLinesInDocuments(t *testing.T) {
	const want = "10:0.5 20:0.25 30:0.125 40:0.0625"
	for name, form := range map[string][3]string{
		"of a service": {`{"events": [`, `{"timestamp": 17STEP0, "message": "step STEP: loss=LOSS - lr=0.1"}`, `], "next": "f/3"}`},
		"deep":         {"[", "{\n \"n\": 3,\n \"source\": {\n  \"text\": \"STEP | loss LOSS\\n\"\n }\n}", "]"},
		"bare":         {`{"lines": ["start"`, `, "iteration STEP, train loss LOSS"`, `]}`},
	} {
		var log strings.Builder
		log.WriteString(form[0])
		for i, pair := range strings.Fields(want) {
			step, loss, _ := strings.Cut(pair, ":")
			if i > 0 && name != "bare" {
				log.WriteString(",")
			}
			log.WriteString(strings.NewReplacer("STEP", step, "LOSS", loss).Replace(form[1]))
		}
		if _, got := pairs(t, Options{Inputs: []string{write(t, "log", log.String()+form[2])}}); got != want {
			t.Errorf("%s: read %s", name, got)
		}
	}
}

func TestLinesInRows(t *testing.T) {
	var log strings.Builder
	log.WriteString("timestamp,message\n")
	for i := range 9 {
		fmt.Fprintf(&log, "17%d000,\"Epoch %d, train loss: %v, val loss: 1\n\"\n", i, i, 0.5+float64(i))
	}
	if _, got := pairs(t, Options{Inputs: []string{write(t, "log.csv", log.String())}}); !strings.HasPrefix(got, "0:0.5 1:1.5 2:2.5") || !strings.HasSuffix(got, "8:8.5") {
		t.Errorf("read %s", got)
	}
}
