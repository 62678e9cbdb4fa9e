package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"unicode/utf8"
)

// Read reads a whole file: its tensors, in the order of their values in the file, and its metadata. Values stored as F64,
// F16 or BF16 are converted to float32; other types are an error, as is a file that is cut short, goes on
// after its last tensor, or whose header is not what the format allows. No more memory is taken than in proportion to
// what r really holds, whatever the header claims.
func Read(r io.Reader) ([]Tensor, map[string]string, error) {
	tensors, metadata, err := readAll(r)
	if err != nil {
		return nil, nil, fmt.Errorf("safetensors: %w", err)
	}
	return tensors, metadata, nil
}

func readAll(r io.Reader) ([]Tensor, map[string]string, error) {
	entries, metadata, err := readHeader(r)
	if err != nil {
		return nil, nil, err
	}
	tensors := make([]Tensor, 0, len(entries))
	buffer := make([]byte, 1<<16)
	for _, entry := range entries {
		data, err := readValues(r, entry, buffer)
		if err != nil {
			return nil, nil, fmt.Errorf("tensor %.100q: %w", entry.name, whyShort(err))
		}
		tensors = append(tensors, Tensor{Name: entry.name, Shape: entry.Shape, Data: data})
	}
	switch _, err := io.ReadFull(r, buffer[:1]); err {
	case io.EOF:
		return tensors, metadata, nil
	case nil:
		return nil, nil, errors.New("the file goes on after its last tensor: it is damaged, or no safetensors file")
	default:
		return nil, nil, err
	}
}

// whyShort puts a cause to the error of a reader that ended too early.
func whyShort(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the file ends too early, it was cut short: %w", io.ErrUnexpectedEOF)
	}
	return err
}

// entry is what the header says of a tensor.
type entry struct {
	name    string
	DType   string `json:"dtype"`
	Shape   []int  `json:"shape"`
	Offsets []int  `json:"data_offsets"`
	values  int
}

// sizes are the bytes of a value of the types that are read.
var sizes = map[string]int{"F64": 8, "F32": 4, "F16": 2, "BF16": 2}

// readHeader returns the tensors in the order of their values, which follow each other without gaps from offset 0.
func readHeader(r io.Reader) ([]entry, map[string]string, error) {
	var prefix [8]byte
	if _, err := io.ReadFull(r, prefix[:]); err != nil {
		return nil, nil, fmt.Errorf("the header's length: %w", whyShort(err))
	}
	length := binary.LittleEndian.Uint64(prefix[:])
	if length < 2 || length > maxHeader {
		return nil, nil, fmt.Errorf("the header would have %d bytes, outside 2 to %d: this is no safetensors file", length, maxHeader)
	}
	// ReadAll grows with what it finds, whatever length the file claims.
	header, err := io.ReadAll(io.LimitReader(r, int64(length)))
	if err != nil {
		return nil, nil, fmt.Errorf("the header: %w", err)
	}
	if uint64(len(header)) < length {
		return nil, nil, fmt.Errorf("the header: %w", whyShort(io.EOF))
	}
	if header[0] != '{' || !utf8.Valid(header) {
		return nil, nil, errors.New("the header is no JSON object in UTF-8: this is no safetensors file")
	}
	entries, metadata, err := parseHeader(header)
	if err != nil {
		return nil, nil, fmt.Errorf("the header: %w", err)
	}
	slices.SortStableFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.Offsets[0], b.Offsets[0]), cmp.Compare(a.Offsets[1], b.Offsets[1]))
	})
	end := 0
	for _, entry := range entries {
		if entry.Offsets[0] != end {
			return nil, nil, fmt.Errorf("the header: tensor %.100q begins at byte %d where the one before ends at %d; tensors may neither overlap nor leave gaps",
				entry.name, entry.Offsets[0], end)
		}
		end = entry.Offsets[1]
	}
	return entries, metadata, nil
}

func parseHeader(header []byte) (entries []entry, metadata map[string]string, err error) {
	decoder := json.NewDecoder(bytes.NewReader(header))
	decoder.DisallowUnknownFields()
	err = eachMember(decoder, func(name string) error {
		if name == metadataKey {
			metadata = map[string]string{}
			return eachMember(decoder, func(key string) error {
				token, err := decoder.Token()
				text, ok := token.(string)
				if err == nil && !ok {
					err = fmt.Errorf("%.100q is not a string", key)
				}
				metadata[key] = text
				return err
			})
		}
		entry := entry{name: name}
		if err := decoder.Decode(&entry); err != nil {
			return err
		}
		if err := entry.check(); err != nil {
			return err
		}
		entries = append(entries, entry)
		return nil
	})
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("its JSON ends too early")
	}
	if err != nil {
		return nil, nil, err
	}
	if rest := bytes.TrimRight(header[decoder.InputOffset():], " \t\r\n"); len(rest) > 0 {
		return nil, nil, fmt.Errorf("%.20q follows the JSON object", rest)
	}
	return entries, metadata, nil
}

// eachMember walks through a JSON object; member reads the value of a name. A map would take the last of equal names
// without a word.
func eachMember(decoder *json.Decoder, member func(name string) error) error {
	if token, err := decoder.Token(); err != nil {
		return err
	} else if token != json.Delim('{') {
		return fmt.Errorf("%v where an object belongs", token)
	}
	names := map[string]bool{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return err
		}
		name := token.(string) // The decoder takes nothing else as a name.
		if names[name] {
			return fmt.Errorf("%.100q is there twice", name)
		}
		names[name] = true
		if err := member(name); err != nil {
			return fmt.Errorf("%.100q: %w", name, err)
		}
	}
	_, err := decoder.Token()
	return err
}

// check holds type, shape and place of a tensor against each other.
func (e *entry) check() error {
	size, known := sizes[e.DType]
	values, ok := count(e.Shape)
	switch {
	case e.DType == "" || e.Shape == nil || len(e.Offsets) != 2:
		return errors.New("it must have dtype, shape and two data_offsets")
	case !known:
		return fmt.Errorf("its type is %.20q; F64, F32, F16 and BF16 are read", e.DType)
	case !ok:
		return fmt.Errorf("shape %v is impossible", e.Shape[:min(len(e.Shape), 10)])
	case e.Offsets[0] < 0 || e.Offsets[1] < e.Offsets[0] || e.Offsets[1]-e.Offsets[0] != size*values:
		return fmt.Errorf("%d values of %s do not fill bytes %d to %d", values, e.DType, e.Offsets[0], e.Offsets[1])
	}
	e.values = values
	return nil
}

// readValues reads a tensor's values by way of a buffer. Large tensors grow as their bytes arrive, so that a false
// shape fails before it takes memory.
func readValues(r io.Reader, entry entry, buffer []byte) ([]float32, error) {
	size := sizes[entry.DType]
	data := make([]float32, 0, min(entry.values, 1<<18))
	for len(data) < entry.values {
		n := min(entry.values-len(data), len(buffer)/size)
		raw := buffer[:n*size]
		if _, err := io.ReadFull(r, raw); err != nil {
			return nil, err
		}
		data = slices.Grow(data, n)
		chunk := data[len(data) : len(data)+n]
		data = data[:len(data)+n]
		switch entry.DType {
		case "F64":
			for i := range chunk {
				chunk[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:])))
			}
		case "F32":
			for i := range chunk {
				chunk[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
			}
		case "F16":
			for i := range chunk {
				chunk[i] = float16(binary.LittleEndian.Uint16(raw[2*i:]))
			}
		case "BF16":
			for i := range chunk {
				chunk[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(raw[2*i:])) << 16)
			}
		}
	}
	return data, nil
}

// float16 is the value of an IEEE 754 half: sign, 5 bits of exponent, 10 of fraction.
func float16(bits uint16) float32 {
	sign := uint32(bits>>15) << 31
	exponent := uint32(bits>>10) & 31
	fraction := uint32(bits) & 1023
	switch exponent {
	case 0: // Zero and the numbers below the smallest normal one, multiples of 2^-24.
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)*(1.0/(1<<24))))
	case 31: // Infinity and NaN.
		return math.Float32frombits(sign | 255<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}
