package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// file is a file of a header and values.
func file(header string, values []byte) []byte {
	content := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(content, header...), values...)
}

var sameBits = cmp.Comparer(func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) })

func TestWriteBytes(t *testing.T) {
	var b bytes.Buffer
	err := Write(&b, []Tensor{
		{Name: "w", Shape: []int{2, 1}, Data: []float32{1, -2}},
		{Name: "b", Data: []float32{0.5}},
	}, map[string]string{"step": "3", "note": `"ä"`})
	if err != nil {
		t.Fatal(err)
	}
	header := `{"__metadata__":{"note":"\"ä\"","step":"3"},` +
		`"w":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[],"data_offsets":[8,12]}}`
	for len(header)%8 != 0 {
		header += " "
	}
	want := file(header, []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 0, 0, 0, 0x3f})
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestRoundTrip(t *testing.T) {
	large := make([]float32, 300_000)
	for i := range large {
		large[i] = float32(i) * 0.1
	}
	tensors := []Tensor{
		{Name: "large", Shape: []int{300, 1000}, Data: large},
		{Name: "empty", Shape: []int{0, 3}, Data: []float32{}},
		{Name: "", Shape: []int{}, Data: []float32{7}},
		{Name: "a<b>\u2028\n", Shape: []int{4}, Data: []float32{float32(math.Inf(1)), math.Float32frombits(0x7fa00001),
			math.SmallestNonzeroFloat32, float32(math.Copysign(0, -1))}},
	}
	metadata := map[string]string{"": "x", "clipper": `{"Mean":1}`}
	var b bytes.Buffer
	if err := Write(&b, tensors, metadata); err != nil {
		t.Fatal(err)
	}
	got, gotMetadata, err := Read(iotest.HalfReader(bytes.NewReader(b.Bytes())))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(tensors, got, sameBits); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(metadata, gotMetadata); diff != "" {
		t.Error(diff)
	}
}

func TestWriteErrors(t *testing.T) {
	one := []float32{1}
	for _, test := range []struct {
		tensors  []Tensor
		metadata map[string]string
		want     string
	}{
		{[]Tensor{{"a", []int{1}, one}, {"a", []int{1}, one}}, nil, `two tensors are named "a"`},
		{[]Tensor{{"a", []int{2}, one}}, nil, `tensor "a" has shape [2] and 1 values`},
		{[]Tensor{{"a", []int{-1, -1}, one}}, nil, `shape [-1 -1]`},
		{[]Tensor{{"a", []int{math.MaxInt, 3}, one}}, nil, `and 1 values`},
		{[]Tensor{{"\xff", []int{1}, one}}, nil, `no valid UTF-8`},
		{[]Tensor{{"__metadata__", []int{1}, one}}, nil, `no tensor may be named`},
		{nil, map[string]string{"a": "\xff"}, `metadata "a" is no valid UTF-8`},
	} {
		var b bytes.Buffer
		if err := Write(&b, test.tensors, test.metadata); err == nil || !strings.Contains(err.Error(), test.want) || b.Len() > 0 {
			t.Errorf("got %v and %d bytes, want an error with %q and none", err, b.Len(), test.want)
		}
	}
	full := errors.New("disk full")
	for _, size := range []int{0, 64} { // The header has 64 bytes.
		w := &limitedWriter{left: size, err: full}
		if err := Write(w, []Tensor{{"a", []int{1}, one}}, nil); !errors.Is(err, full) {
			t.Errorf("got %v, want %v", err, full)
		}
	}
}

type limitedWriter struct {
	left int
	err  error
}

func (w *limitedWriter) Write(p []byte) (int, error) {
	if len(p) > w.left {
		return 0, w.err
	}
	w.left -= len(p)
	return len(p), nil
}

func TestReadConverts(t *testing.T) {
	var values []byte
	values = binary.LittleEndian.AppendUint64(values, math.Float64bits(0.1))
	for _, half := range []uint16{0x3c00, 0xc100, 0x0001, 0x03ff, 0x7bff, 0x8000, 0x7c00, 0x0400} {
		values = binary.LittleEndian.AppendUint16(values, half)
	}
	for _, brain := range []uint16{0x3f80, 0xff80} {
		values = binary.LittleEndian.AppendUint16(values, brain)
	}
	content := file(`{"h":{"dtype":"F16","shape":[8],"data_offsets":[8,24]},"b":{"dtype":"BF16","shape":[2],"data_offsets":[24,28]},`+
		`"d":{"dtype":"F64","shape":[],"data_offsets":[0,8]}}`, values)
	inf := float32(math.Inf(1))
	halves := []float32{1, -2.5, 0x1p-24, 1023 * 0x1p-24, 65504, float32(math.Copysign(0, -1)), inf, 0x1p-14}
	want := []Tensor{
		{"d", []int{}, []float32{0.1}},
		{"h", []int{8}, halves},
		{"b", []int{2}, []float32{1, -inf}},
	}
	got, _, err := Read(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !math.Signbit(float64(got[1].Data[5])) {
		t.Error("the sign of a negative zero is lost")
	}
}

func TestReadErrors(t *testing.T) {
	eight := make([]byte, 8)
	good := file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, eight)
	for _, test := range []struct {
		content []byte
		want    string
	}{
		{nil, "cut short"},
		{good[:7], "cut short"},
		{good[:20], "the header: the file ends too early"},
		{good[:len(good)-1], `tensor "a": the file ends too early`},
		{append(bytes.Clone(good), 0), "goes on after its last tensor"},
		{[]byte("\x89PNG\r\n\x1a\n and so on"), "this is no safetensors file"},
		{file("[]", nil), "no JSON object"},
		{file(" {}", nil), "no JSON object"},
		{file("{\"\xff\":1}", nil), "no JSON object in UTF-8"},
		{file(`{"a":`, nil), "ends too early"},
		{file(`{} x`, nil), `" x" follows the JSON object`},
		{file(`{"__metadata__":{"a":1}}`, nil), `"a" is not a string`},
		{file(`{"__metadata__":{"a":"","a":""}}`, nil), `"a" is there twice`},
		{file(`{"__metadata__":7}`, nil), `7 where an object belongs`},
		{file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, eight), `"a" is there twice`},
		{file(`{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}`, eight), `"I64"; F64, F32, F16 and BF16 are read`},
		{file(`{"a":{"dtype":"F32","data_offsets":[0,8]}}`, eight), "must have dtype, shape"},
		{file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}`, eight), "two data_offsets"},
		{file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}}`, eight), `unknown field "x"`},
		{file(`{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}`, eight), "shape [-2] is impossible"},
		{file(`{"a":{"dtype":"F32","shape":[9223372036854775807,3],"data_offsets":[0,8]}}`, eight), "is impossible"},
		{file(`{"a":{"dtype":"F32","shape":[18446744073709551618],"data_offsets":[0,8]}}`, eight), "cannot unmarshal"},
		{file(`{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}`, eight), "3 values of F32 do not fill bytes 0 to 8"},
		{file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}`, eight), "do not fill"},
		{file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}`, eight), "do not fill"},
		{file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, eight), "begins at byte 4 where the one before ends at 0"},
		{file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, eight), `"b" begins at byte 4 where the one before ends at 8`},
	} {
		_, _, err := Read(bytes.NewReader(test.content))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("reading %.80q gives %v, want an error with %q", test.content, err, test.want)
		}
	}
	broken := errors.New("broken disk")
	if _, _, err := Read(io.MultiReader(bytes.NewReader(good[:len(good)-2]), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}

// A header that claims much more than there is must not take memory for it.
func TestReadTakesNoMemoryForClaims(t *testing.T) {
	huge := binary.LittleEndian.AppendUint64(nil, maxHeader)
	for name, content := range map[string][]byte{
		"header": append(huge, "{}"...),
		"tensor": file(`{"a":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4000000000000]}}`, make([]byte, 100)),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, err := Read(bytes.NewReader(content))
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		if taken := after.TotalAlloc - before.TotalAlloc; taken > 4<<20 {
			t.Errorf("%s: %d bytes taken for a file of %d", name, taken, len(content))
		}
	}
}

// The expected values are what Python's struct module reads at the values' ends.
func TestReadsFileOfAnotherWriter(t *testing.T) {
	content, err := os.ReadFile("../../../testdata/supersampler.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	tensors, metadata, err := Read(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	if metadata["width"] != "0.125" || len(tensors) != 71 {
		t.Errorf("width %q and %d tensors; want 0.125 and 71", metadata["width"], len(tensors))
	}
	if tensors[0].Name != "images" || fmt.Sprint(tensors[0].Shape) != "[2 3 3 32 32]" {
		t.Errorf("the first tensor is %q of shape %v", tensors[0].Name, tensors[0].Shape)
	}
	first, last := tensors[0].Data[0], tensors[len(tensors)-1].Data[2]
	if first != float32(0.7943261045292891) || last != float32(0.30323097100700014) {
		t.Errorf("the file's first and last values are %v and %v", first, last)
	}
}

func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	Write(&b, []Tensor{{"a", []int{2, 1}, []float32{1, 2}}, {"b", []int{0}, nil}}, map[string]string{"k": "v"})
	f.Add(b.Bytes())
	f.Add(file(`{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}  `, make([]byte, 4)))
	f.Add(file(`{"a":{"dtype":"BF16","shape":[2],"data_offsets":[8,12]},"b":{"dtype":"F64","shape":[],"data_offsets":[0,8]}}`, make([]byte, 12)))
	f.Fuzz(func(t *testing.T, content []byte) {
		tensors, metadata, err := Read(bytes.NewReader(content))
		if err != nil {
			return
		}
		// What was read can be written, and is the same when read again.
		var b bytes.Buffer
		if err := Write(&b, tensors, metadata); err != nil {
			t.Fatal(err)
		}
		again, metadataAgain, err := Read(&b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tensors, again, sameBits); diff != "" {
			t.Error(diff)
		}
		if len(metadata) != len(metadataAgain) {
			t.Errorf("metadata %v became %v", metadata, metadataAgain)
		}
	})
}

// checkpoint has the tensors of the network of experiment 1 at full width with Adam's moments: 12.5 MB.
func checkpoint() []Tensor {
	var tensors []Tensor
	for i := range 22 {
		tensors = append(tensors, Tensor{fmt.Sprint("layer", i), []int{128, 128, 3, 3}, make([]float32, 128*128*9)})
	}
	return tensors
}

func BenchmarkWrite(b *testing.B) {
	tensors := checkpoint()
	b.SetBytes(int64(4 * len(tensors) * len(tensors[0].Data)))
	b.ReportAllocs()
	for range b.N {
		if err := Write(io.Discard, tensors, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	var content bytes.Buffer
	if err := Write(&content, checkpoint(), nil); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(content.Len()))
	b.ReportAllocs()
	for range b.N {
		if _, _, err := Read(bytes.NewReader(content.Bytes())); err != nil {
			b.Fatal(err)
		}
	}
}
