package eventlog

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// record frames data by the words of the format's description, apart from the package's own code.
func record(data []byte) []byte {
	sum := func(b []byte) uint32 {
		crc := crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))
		return ((crc >> 15) | (crc << 17)) + 0xa282ead8
	}
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	out = binary.LittleEndian.AppendUint32(out, sum(out))
	out = append(out, data...)
	return binary.LittleEndian.AppendUint32(out, sum(data))
}

func unhex(t testing.TB, text string) []byte {
	data, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func write(t testing.TB, scalars func(w *Writer)) []byte {
	w, err := Create(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	scalars(w)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(w.file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestWriterBytes(t *testing.T) {
	w, err := Create(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w.now = func() time.Time { return time.Unix(1, 500_000_000) }
	w.Scalars(300, Scalar{"loss", 0.5})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(w.file.Name())
	if err != nil {
		t.Fatal(err)
	}
	// wall_time 1.5, step 300, summary { value { tag "loss" simple_value 0.5 } }
	want := record(unhex(t, "09 000000000000f83f 10 ac02 2a 0d 0a 0b 0a 04 6c6f7373 15 0000003f"))
	if !bytes.HasSuffix(content, want) {
		t.Errorf("the file ends with % x, not % x", content[max(0, len(content)-len(want)):], want)
	}
	// So begins every event file that TensorFlow writes: the length of its first event, and the checksum of that.
	if begin := unhex(t, "1800000000000000 a37f4b22"); !bytes.HasPrefix(content, begin) {
		t.Errorf("the file begins with % x, not % x", content[:12], begin)
	}
	if !bytes.Contains(content, []byte("\x1a\x0dbrain.Event:2")) {
		t.Error("the file does not begin with its version")
	}
}

// A step is one record, whatever it has to say, and texts stand beside scalars without being one.
func TestOneRecordAStep(t *testing.T) {
	content := write(t, func(w *Writer) {
		w.Text("settings", 0, "clip: none")
		w.Scalars(1, Scalar{"loss", 0.5}, Scalar{"scale", 1})
		w.Scalars(2, Scalar{"loss", 0.25})
	})
	// value { tag "settings/text_summary" tensor { dtype 7 shape { dim { size 1 } } string_val "clip: none" }
	// metadata { plugin_data { plugin_name "text" } } }
	text := unhex(t, "0a 15 73657474696e67732f746578745f73756d6d617279 42 14 08 07 12 04 12 02 08 01 42 0a 636c69703a206e6f6e65 4a 08 0a 06 0a 04 74657874")
	if !bytes.Contains(content, text) {
		t.Errorf("no text in % x", content)
	}
	r := NewReader(bytes.NewReader(content))
	for i, want := range [][]Scalar{nil, nil, {{"loss", 0.5}, {"scale", 1}}, {{"loss", 0.25}}} {
		event, err := r.Next()
		if err != nil || !slices.Equal(event.Scalars, want) {
			t.Errorf("event %d is %+v, %v; want %v", i, event, err, want)
		}
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("after the last step: %v", err)
	}
}

func TestRoundTrip(t *testing.T) {
	values := []float64{0, -1.5, math.Inf(1), math.Pi, 1e-30}
	content := write(t, func(w *Writer) {
		for i, value := range values {
			w.Scalars(int64(i)*1e9, Scalar{"loss/train", value})
			w.Scalars(-3, Scalar{"scale", value})
		}
	})
	r := NewReader(iotestOneByte{bytes.NewReader(content)})
	first, err := r.Next()
	if err != nil || first.FileVersion != "brain.Event:2" {
		t.Fatalf("first event %+v, %v", first, err)
	}
	for i, value := range values {
		for _, want := range []struct {
			tag  string
			step int64
		}{{"loss/train", int64(i) * 1e9}, {"scale", -3}} {
			event, err := r.Next()
			if err != nil {
				t.Fatal(err)
			}
			if len(event.Scalars) != 1 || event.Scalars[0] != (Scalar{want.tag, float64(float32(value))}) || event.Step != want.step {
				t.Errorf("got %+v; want %v = %v", event, want, value)
			}
		}
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("after the last event: %v", err)
	}
}

// iotestOneByte reads a byte at a time, as a slow pipe may.
type iotestOneByte struct{ r io.Reader }

func (r iotestOneByte) Read(p []byte) (int, error) { return r.r.Read(p[:min(1, len(p))]) }

func TestTensors(t *testing.T) {
	summary := func(tensor string) []byte {
		inner := unhex(t, tensor)
		value := append([]byte{0x0a, 1, 'x', 0x42, byte(len(inner))}, inner...)
		summary := append([]byte{0x0a, byte(len(value))}, value...)
		return record(append([]byte{0x10, 7, 0x2a, byte(len(summary))}, summary...))
	}
	for _, test := range []struct {
		name, tensor string
		want         float64
		scalar       bool
	}{
		{"float_val packed", "08 01 12 00 2a 04 0000003f", 0.5, true},
		{"float_val alone", "08 01 12 00 2d 0000003f", 0.5, true},
		{"double_val", "08 02 12 00 32 08 000000000000f83f", 1.5, true},
		{"float content", "08 01 12 00 22 04 0000003f", 0.5, true},
		{"double content, no shape", "08 02 22 08 000000000000f83f", 1.5, true},
		{"half", "08 13 12 00 6a 02 8078", 1, true},
		{"int64", "08 09 12 00 52 01 05", 5, true},
		{"negative int32", "08 03 12 00 3a 0a feffffffffffffffff01", -2, true},
		{"shape [1]", "08 01 12 04 12 02 08 01 2a 04 0000003f", 0.5, true},
		{"zero", "08 01 12 00", 0, true},
		{"shape [2]", "08 01 12 04 12 02 08 02 2a 08 0000003f0000003f", 0, false},
		{"string", "08 07 12 00 42 01 61", 0, false},
	} {
		event, err := NewReader(bytes.NewReader(summary(test.tensor))).Next()
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if !test.scalar {
			if len(event.Scalars) != 0 {
				t.Errorf("%s: got %v, not nothing", test.name, event.Scalars)
			}
		} else if len(event.Scalars) != 1 || event.Scalars[0] != (Scalar{"x", test.want}) || event.Step != 7 {
			t.Errorf("%s: got %+v, want %v", test.name, event, test.want)
		}
	}
}

func count(r *Reader) (scalars int, err error) {
	for {
		event, err := r.Next()
		var damaged *RecordError
		if errors.As(err, &damaged) && !damaged.Fatal {
			continue
		}
		if err != nil {
			return scalars, err
		}
		scalars += len(event.Scalars)
	}
}

func TestDamage(t *testing.T) {
	content := write(t, func(w *Writer) {
		for i := range int64(10) {
			w.Scalars(i, Scalar{"loss", 1})
		}
	})
	size := len(record(unhex(t, "09 000000000000f83f 10 01 2a 0d 0a 0b 0a 04 6c6f7373 15 0000003f")))

	if n, err := count(NewReader(bytes.NewReader(content[:len(content)-1]))); n != 9 || !errors.Is(err, ErrTruncated) {
		t.Errorf("cut by a byte: %d scalars, %v", n, err)
	}
	flipped := bytes.Clone(content)
	flipped[len(flipped)-size-8] ^= 1
	if n, err := count(NewReader(bytes.NewReader(flipped))); n != 9 || err != io.EOF {
		t.Errorf("a flipped bit in the data: %d scalars, %v", n, err)
	}
	flipped = bytes.Clone(content)
	flipped[len(flipped)-size] ^= 1
	var damaged *RecordError
	if n, err := count(NewReader(bytes.NewReader(flipped))); n != 9 || !errors.As(err, &damaged) || !damaged.Fatal {
		t.Errorf("a flipped bit in a length: %d scalars, %v", n, err)
	}

	// A length of 2^60 with a right checksum takes no memory.
	huge := binary.LittleEndian.AppendUint64(nil, 1<<60)
	huge = binary.LittleEndian.AppendUint32(huge, maskedCRC(huge))
	r := NewReader(io.MultiReader(bytes.NewReader(content), bytes.NewReader(huge), bytes.NewReader(make([]byte, 1<<20))))
	if n, err := count(r); n != 10 || !errors.Is(err, ErrTruncated) || len(r.buffer) > bufferSize {
		t.Errorf("a hostile length: %d scalars, %v, buffer %d", n, err, len(r.buffer))
	}

	// A large record is passed over, and what comes after is read.
	large := record(make([]byte, largestRecord+1))
	r = NewReader(io.MultiReader(bytes.NewReader(large), bytes.NewReader(content)))
	if n, err := count(r); n != 10 || err != io.EOF {
		t.Errorf("a large record: %d scalars, %v", n, err)
	}
}

func TestCreateSortsBehind(t *testing.T) {
	dir := t.TempDir()
	var names []string
	for range 3 {
		w, err := Create(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		names = append(names, filepath.Base(w.file.Name()))
	}
	if !(names[0] < names[1] && names[1] < names[2]) {
		t.Errorf("the names %q are not in the order of creation", names)
	}
	if _, err := Create(filepath.Join(dir, "missing")); err == nil {
		t.Error("no error for a folder that does not exist")
	}
}

func FuzzReader(f *testing.F) {
	content := write(f, func(w *Writer) {
		for i := range int64(3) {
			w.Scalars(i, Scalar{"loss", float64(i)})
		}
	})
	f.Add(content, false)
	f.Add(content[:len(content)-3], false)
	f.Add(unhex(f, "10 07 2a 15 0a 13 0a 01 78 42 0e 08 01 12 04 12 02 08 01 2a 04 0000003f"), true)
	f.Fuzz(func(t *testing.T, data []byte, framed bool) {
		if framed {
			data = record(data)
		}
		r := NewReader(bytes.NewReader(data))
		n := 0
		for range len(data) + 2 {
			event, err := r.Next()
			var damaged *RecordError
			if err != nil && !(errors.As(err, &damaged) && !damaged.Fatal) {
				return
			}
			n += len(event.Scalars)
		}
		t.Errorf("%d events in %d bytes, and no end", n, len(data))
	})
}

func BenchmarkReader(b *testing.B) {
	var content []byte
	{
		w, err := Create(b.TempDir())
		if err != nil {
			b.Fatal(err)
		}
		for i := range int64(100_000) {
			w.Scalars(i, Scalar{"train/loss", 1 / float64(i)})
			w.Scalars(i, Scalar{"train/learning_rate", 1})
		}
		w.Close()
		if content, err = os.ReadFile(w.file.Name()); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		r := NewReader(bytes.NewReader(content))
		if n, err := count(r); n != 200_000 || err != io.EOF {
			b.Fatal(n, err)
		}
	}
}

func BenchmarkWriter(b *testing.B) {
	w, err := Create(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	b.ReportAllocs()
	step := int64(0)
	for b.Loop() {
		step++
		w.Scalars(step, Scalar{"train/loss", 1})
	}
}
