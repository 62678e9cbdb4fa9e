package cli

import (
	"strings"
	"testing"
	"time"
)

// What takes long says what it is at, within a terminal's line, and leaves nothing of that behind. Elsewhere it is a line.
func TestLongWorkIsTold(t *testing.T) {
	for _, terminal := range []bool{true, false} {
		var shown strings.Builder
		progress := newWorking(&shown)
		progress.terminal, progress.columns = terminal, 24
		progress.now("completing scan.tif, image %d of %d", 3, 66)
		progress.draw(progress.begin.Add(5 * time.Second))
		progress.close()
		progress.draw(progress.begin.Add(6 * time.Second)) // there is nothing to tell any more
		want := "completing scan.tif, image 3 of 66: 5s\n"
		if terminal {
			want = "\r.tif, image 3 of 66: 5s\x1b[K\r\x1b[K"
		}
		if shown.String() != want {
			t.Errorf("terminal %v: %q, not %q", terminal, shown.String(), want)
		}
	}
}
