// Package golden reads the numbers in testdata that tests compare with. They are in double precision, of which package
// safetensors keeps half the digits.
package golden

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
)

// Tensor is an array of values in row-major order.
type Tensor struct {
	Shape []int
	Data  []float64
}

// Read reads the tensors of a safetensors file, all of them stored as F64, by their names.
func Read(path string) (map[string]Tensor, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	length := binary.LittleEndian.Uint64(content)
	header, values := content[8:8+length], content[8+length:]
	var entries map[string]struct {
		Shape   []int
		Offsets [2]int `json:"data_offsets"`
		DType   string
	}
	if err := json.Unmarshal(header, &entries); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	delete(entries, "__metadata__")
	tensors := map[string]Tensor{}
	for name, entry := range entries {
		if entry.DType != "F64" {
			return nil, fmt.Errorf("%s: tensor %s is %s, not F64", path, name, entry.DType)
		}
		raw := values[entry.Offsets[0]:entry.Offsets[1]]
		data := make([]float64, len(raw)/8)
		for i := range data {
			data[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
		}
		tensors[name] = Tensor{entry.Shape, data}
	}
	return tensors, nil
}
