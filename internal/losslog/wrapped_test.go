package losslog

import (
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
