// Package safetensors writes and reads tensors in the safetensors format, which PyTorch, JAX, NumPy and others read:
// eight bytes with the length of a header, the header in JSON, and the values of all tensors, little-endian and without
// gaps. The format is described at https://huggingface.co/docs/safetensors.
package safetensors

// Tensor is a named array of values in row-major order. An empty shape is that of a single value.
type Tensor struct {
	Name  string
	Shape []int
	Data  []float32
}

// metadataKey is the header's entry for text; no tensor may be called so.
const metadataKey = "__metadata__"

// maxHeader is the longest header that readers of the format accept.
const maxHeader = 100_000_000

// count returns the number of values of a shape, and false where a size is negative or the number overflows.
func count(shape []int) (values int, ok bool) {
	values = 1
	for _, size := range shape {
		if size < 0 {
			return 0, false
		}
		if size > 0 && values > maxCount/size {
			return 0, false
		}
		values *= size
	}
	return values, true
}

// maxCount bounds the number of values of a tensor, so that eight bytes for each can be counted in an int.
const maxCount = int(^uint(0)>>1) / 8
