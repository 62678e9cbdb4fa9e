package losslog

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
)

// wandbFile makes a file as Weights & Biases writes it, of records in parts that fit its blocks.
func wandbFile(records [][]byte) []byte {
	file := []byte(":W&B\xe1\xbe\x00")
	for _, record := range records {
		for first := true; first || len(record) > 0; first = false {
			left := 32768 - len(file)%32768
			if left < 7 {
				file = append(file, make([]byte, left)...)
				left = 32768
			}
			n := min(len(record), left-7)
			kind := byte(3)
			switch {
			case first && n == len(record):
				kind = 1
			case first:
				kind = 2
			case n == len(record):
				kind = 4
			}
			file = append(file, 0, 0, 0, 0) // the checksum
			file = binary.LittleEndian.AppendUint16(file, uint16(n))
			file = append(append(file, kind), record[:n]...)
			record = record[n:]
		}
	}
	return file
}

func protoText(field int, text []byte) []byte {
	b := binary.AppendUvarint(nil, uint64(field)<<3|2)
	b = binary.AppendUvarint(b, uint64(len(text)))
	return append(b, text...)
}

func wandbItem(key, value string) []byte {
	return protoText(1, append(protoText(1, []byte(key)), protoText(16, []byte(value))...))
}

func TestWandb(t *testing.T) {
	number := binary.AppendUvarint([]byte{1 << 3}, 7)
	records := [][]byte{append(bytes.Clone(number), protoText(17, []byte("a run"))...)}
	var want []string
	for i := range 3000 {
		loss := fmt.Sprint(1 + float64(i%7)/8)
		history := append(wandbItem("_step", fmt.Sprint(i)), wandbItem("train/loss", loss)...)
		history = append(history, wandbItem("note", `"`+strings.Repeat("x", i%90)+`"`)...)
		records = append(records, append(bytes.Clone(number), protoText(2, history)...))
		want = append(want, fmt.Sprintf("%d:%s", i, loss))
	}
	// A record that is longer than a block.
	long := append(wandbItem("table", `"`+strings.Repeat("y", 100_000)+`"`), wandbItem("_step", "3000")...)
	records = append(records, protoText(2, append(long, wandbItem("train/loss", "0.5")...)))
	want = append(want, "3000:0.5")
	content := wandbFile(records)
	source, steps := pairs(t, Options{Inputs: []string{write(t, "run-1.wandb", string(content))}})
	if steps != strings.Join(want, " ") || source.Loss != "train/loss" {
		t.Errorf("%s: %.200s", source.Loss, steps)
	}
	source, steps = pairs(t, Options{Inputs: []string{write(t, "run-1.wandb", string(content[:len(content)/2]))}})
	if n := count(steps); n < 1000 || n >= 3000 || len(source.Notes) == 0 || !strings.Contains(strings.Join(source.Notes, " "), "ends too early") {
		t.Errorf("half a file: %d steps, %q", n, source.Notes)
	}
}
