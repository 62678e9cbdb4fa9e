package stabiliser

// Value limits each entry of the gradient to [-Max, Max], as PyTorch's clip_grad_value_ and optax's clip do. It turns the
// gradient's direction. There is no published default for Max; 1 is ours. Infinite entries become Max, and entries that
// are not numbers stay so.
type Value struct {
	stateless
	Max float64
}

// Limit is the [Limiter]'s.
func (v *Value) Limit() float64 { return v.Max }

var valueKind = kind{
	name: "value", parameters: []parameter{{"C", 1, positive}},
	build:    func(v []float64) Method { return &Value{Max: v[0]} },
	describe: func(v []float64) string { return "value clipping at " + format(v[0]) },
}
