// Package npytest writes .npy files, for tests.
package npytest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

const magic = "\x93NUMPY"

// Write writes values as a file of version 1 and type <f4.
func Write(w io.Writer, shape []int, values []float32) error {
	product := 1
	for _, n := range shape {
		product *= n
	}
	if product != len(values) {
		return fmt.Errorf("write .npy: %d values do not have the shape %v", len(values), shape)
	}
	dimensions := strings.Trim(strings.Join(strings.Fields(fmt.Sprint(shape)), ", "), "[]")
	if len(shape) == 1 {
		dimensions += ","
	}
	header := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }", dimensions)
	// The values begin at a multiple of 64 bytes.
	header += strings.Repeat(" ", 63-(len(magic)+4+len(header))%64) + "\n"
	var out bytes.Buffer
	out.WriteString(magic + "\x01\x00")
	binary.Write(&out, binary.LittleEndian, uint16(len(header)))
	out.WriteString(header)
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write .npy: %w", err)
	}
	if err := binary.Write(w, binary.LittleEndian, values); err != nil {
		return fmt.Errorf("write .npy: %w", err)
	}
	return nil
}
