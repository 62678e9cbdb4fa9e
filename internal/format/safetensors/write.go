package safetensors

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Write writes tensors as F32, in the order given, and metadata, which may be nil. The same tensors and metadata give the
// same bytes. It is an error when a name is used twice, is no UTF-8 or is "__metadata__", and when a tensor's shape
// and the number of its values differ; nothing is written then.
func Write(w io.Writer, tensors []Tensor, metadata map[string]string) error {
	header, err := encodeHeader(tensors, metadata)
	if err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	if _, err := w.Write(header); err != nil {
		return fmt.Errorf("safetensors: write the header: %w", err)
	}
	buffer := make([]byte, 4*min(1<<14, largest(tensors)))
	for _, tensor := range tensors {
		for data := tensor.Data; len(data) > 0; {
			n := min(len(data), len(buffer)/4)
			raw := buffer[:4*n]
			for i, value := range data[:n] {
				binary.LittleEndian.PutUint32(raw[4*i:], math.Float32bits(value))
			}
			if _, err := w.Write(raw); err != nil {
				return fmt.Errorf("safetensors: write tensor %q: %w", tensor.Name, err)
			}
			data = data[n:]
		}
	}
	return nil
}

func largest(tensors []Tensor) int {
	values := 0
	for _, tensor := range tensors {
		values = max(values, len(tensor.Data))
	}
	return values
}

// encodeHeader returns the header and its length before it. Spaces fill it up to a multiple of eight bytes, so that a
// reader that maps the file finds the values aligned.
func encodeHeader(tensors []Tensor, metadata map[string]string) ([]byte, error) {
	header := append(make([]byte, 8, 8+128*(1+len(tensors))), '{')
	if len(metadata) > 0 {
		header = append(header, `"`+metadataKey+`":{`...)
		for i, key := range slices.Sorted(maps.Keys(metadata)) {
			if i > 0 {
				header = append(header, ',')
			}
			if !utf8.ValidString(key) || !utf8.ValidString(metadata[key]) {
				return nil, fmt.Errorf("metadata %q is no valid UTF-8", key)
			}
			header = appendString(header, key)
			header = append(header, ':')
			header = appendString(header, metadata[key])
		}
		header = append(header, '}')
	}
	names := make(map[string]bool, len(tensors))
	offset := 0
	for _, tensor := range tensors {
		values, ok := count(tensor.Shape)
		switch {
		case !utf8.ValidString(tensor.Name):
			return nil, fmt.Errorf("tensor name %q is no valid UTF-8", tensor.Name)
		case tensor.Name == metadataKey:
			return nil, fmt.Errorf("no tensor may be named %q", metadataKey)
		case names[tensor.Name]:
			return nil, fmt.Errorf("two tensors are named %q", tensor.Name)
		case !ok || values != len(tensor.Data):
			return nil, fmt.Errorf("tensor %q has shape %v and %d values", tensor.Name, tensor.Shape, len(tensor.Data))
		}
		names[tensor.Name] = true
		if len(header) > len(`12345678{`) {
			header = append(header, ',')
		}
		header = appendString(header, tensor.Name)
		header = append(header, `:{"dtype":"F32","shape":[`...)
		for i, size := range tensor.Shape {
			if i > 0 {
				header = append(header, ',')
			}
			header = strconv.AppendInt(header, int64(size), 10)
		}
		header = append(header, `],"data_offsets":[`...)
		header = strconv.AppendInt(header, int64(offset), 10)
		header = append(header, ',')
		offset += 4 * values
		header = strconv.AppendInt(header, int64(offset), 10)
		header = append(header, `]}`...)
	}
	header = append(header, '}')
	for len(header)%8 != 0 {
		header = append(header, ' ')
	}
	if len(header)-8 > maxHeader {
		return nil, errors.New("names and metadata are too long: no reader accepts a header above 100 MB")
	}
	binary.LittleEndian.PutUint64(header, uint64(len(header)-8))
	return header, nil
}

func appendString(header []byte, text string) []byte {
	quoted, _ := json.Marshal(text) // A string always marshals.
	return append(header, quoted...)
}
