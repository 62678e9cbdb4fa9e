package wandb

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
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

func TestReader(t *testing.T) {
	number := binary.AppendUvarint([]byte{1 << 3}, 7)
	records := [][]byte{append(bytes.Clone(number), protoText(17, []byte("a run"))...)}
	var want strings.Builder
	for i := range 3000 {
		note := `"` + strings.Repeat("x", i%90) + `"`
		history := append(wandbItem("_step", fmt.Sprint(i)), wandbItem("train/loss", "0.5")...)
		history = append(history, wandbItem("note", note)...)
		records = append(records, append(bytes.Clone(number), protoText(2, history)...))
		fmt.Fprintf(&want, `{"_step":%d,"train/loss":0.5,"note":%s}`+"\n", i, note)
	}
	// A record that is longer than a block, and a key in parts.
	table := `"` + strings.Repeat("y", 100_000) + `"`
	nested := protoText(1, append(append(protoText(2, []byte("train")), protoText(2, []byte("loss"))...), protoText(16, []byte("0.25"))...))
	records = append(records, protoText(2, append(wandbItem("table", table), nested...)))
	fmt.Fprintf(&want, `{"table":%s,"train.loss":0.25}`+"\n", table)
	content := wandbFile(records)
	if !Is(content) {
		t.Error("not recognised")
	}
	got, err := io.ReadAll(NewReader(bufio.NewReader(bytes.NewReader(content))))
	if err != nil || string(got) != want.String() {
		t.Errorf("%d bytes, not %d: %v", len(got), want.Len(), err)
	}
	// Half a file gives what it holds, and says that it ends too early.
	got, err = io.ReadAll(NewReader(bufio.NewReader(bytes.NewReader(content[:len(content)/2]))))
	if err != io.ErrUnexpectedEOF || len(got) < want.Len()/4 || !strings.HasPrefix(want.String(), string(got)) {
		t.Errorf("half a file: %d bytes: %v", len(got), err)
	}
	content[len(header)+4] = 0xff // the first part's length
	content[len(header)+5] = 0xff
	if _, err = io.ReadAll(NewReader(bufio.NewReader(bytes.NewReader(content)))); err != errDamaged {
		t.Errorf("a damaged file: %v", err)
	}
}
