package main

import "strings"

// parameters are the names in a signature, in their order.
func parameters(signature string) []string {
	var names []string
	for _, parameter := range strings.Split(signature, ", ") {
		names = append(names, strings.Fields(parameter)[0])
	}
	return names
}

// loads loads the parameters named into registers from first on.
func (n *neon) loads(signature string, first int, names ...string) {
	for i, name := range names {
		for place, parameter := range parameters(signature) {
			if parameter == name {
				n.load(name, place, first+i)
			}
		}
	}
}

// broadcast puts a parameter of 4 bytes into all lanes of a register.
func (n *neon) broadcast(signature, name string) int {
	v := n.vector()
	for place, parameter := range parameters(signature) {
		if parameter == name {
			n.line("FMOVS %s+%d(FP), F%d", name, 8*place, v)
		}
	}
	n.line("VDUP V%d.S[0], V%d.S4", v, v)
	return v
}

// read loads what a general register points to into a new vector register.
func (n *neon) read(register int) int {
	v := n.vector()
	n.line("VLD1 (R%d), [V%d.S4]", register, v)
	return v
}

// columns makes the loop over groups of 4 channels, and over the pixels of each. The pointers named first are to pixels, those
// named second to one number of each channel for all pixels. Body gets registers that point to the pixels' numbers; begin gets
// those that point to the channels', and returns what is to follow the loop over pixels.
func (n *neon) columns(signature string, pixels, single []string, begin func(single []int) func(), body func(at []int)) {
	const step, count, groups, left, walking = 8, 9, 10, 11, 19
	n.loads(signature, 0, append(pixels, single...)...)
	n.loads(signature, step, "step", "pixels", "vectors")
	n.line("LSL $1, R%d", groups)
	keep := n.next
	n.label("group")
	n.next = keep
	var at, channels []int
	for i := range pixels {
		at = append(at, walking+i)
		n.line("MOVD R%d, R%d", i, walking+i)
	}
	for i := range single {
		channels = append(channels, len(pixels)+i)
	}
	after := begin(channels)
	n.line("MOVD R%d, R%d", count, left)
	n.label("pixel")
	body(at)
	for _, register := range at {
		n.line("ADD R%d, R%d", step, register)
	}
	n.line("SUBS $1, R%d", left)
	n.line("BNE pixel")
	if after != nil {
		after()
	}
	for i := range len(pixels) + len(single) {
		n.line("ADD $16, R%d", i)
	}
	n.line("SUBS $1, R%d", groups)
	n.line("BNE group")
	n.line("RET")
}

// elementwise makes the functions that walk rows of vectors.
func (n *neon) elementwise() {
	signature := "dst, a, b *float32, vectors int"
	n.function("addNEON", "puts a + b into dst.", signature, 0)
	n.walk(signature, []string{"dst", "a", "b"}, func(at []int) {
		n.line("VST1 [V%d.S4], (R%d)", n.add(n.read(at[1]), n.read(at[2])), at[0])
	})

	signature = "dst, bias *float32, slope float32, step, pixels, vectors int"
	n.function("activateNEON", "adds a bias to channels of pixels a step of bytes apart and applies leaky ReLU.", signature, 0)
	slope := n.broadcast(signature, "slope")
	var bias int
	n.columns(signature, []string{"dst"}, []string{"bias"}, func(single []int) func() {
		bias = n.read(single[0])
		return nil
	}, func(at []int) {
		n.line("VST1 [V%d.S4], (R%d)", n.leaky(n.add(n.read(at[0]), bias), slope), at[0])
	})

	signature = "dst, gradient, y *float32, slope float32, step, pixels, vectors int"
	n.function("deactivateNEON", "takes the gradients of pixels a step of bytes apart back through leaky ReLU.", signature, 0)
	slope = n.broadcast(signature, "slope")
	n.columns(signature, []string{"dst", "gradient", "y"}, nil, func([]int) func() { return nil }, func(at []int) {
		g, y := n.read(at[1]), n.read(at[2])
		low, positive := n.vector(), n.vector()
		n.word(fmul, low, g, slope)
		n.line("WORD $0x%08x // FCMGT V%d.4S, V%d.4S, #0", 0x4ea0c800|uint32(y)<<5|uint32(positive), positive, y)
		n.line("VBSL V%d.B16, V%d.B16, V%d.B16", low, g, positive)
		n.line("VST1 [V%d.S4], (R%d)", positive, at[0])
	})

	signature = "dst, src *float32, step, pixels, vectors int"
	n.function("sumNEON", "adds pixels a step of bytes apart to dst.", signature, 0)
	var sum, channels int
	begin := func(single []int) func() {
		channels = single[0]
		sum = n.read(channels)
		return func() { n.line("VST1 [V%d.S4], (R%d)", sum, channels) }
	}
	n.columns(signature, []string{"src"}, []string{"dst"}, begin, func(at []int) {
		n.word(fadd, sum, sum, n.read(at[0]))
	})

	signature = "dst, a, b *float32, step, pixels, vectors int"
	n.function("dotNEON", "adds the products of pixels a step of bytes apart to dst.", signature, 0)
	n.columns(signature, []string{"a", "b"}, []string{"dst"}, begin, func(at []int) {
		n.line("VFMLA V%d.S4, V%d.S4, V%d.S4", n.read(at[0]), n.read(at[1]), sum)
	})

	signature = "dst, a, p, b, q *float32, step, pixels, vectors int"
	n.function("combineNEON", "puts p*a + q*b into dst, for pixels a step of bytes apart; p and q are those of channels.", signature, 0)
	var p, q int
	n.columns(signature, []string{"dst", "a", "b"}, []string{"p", "q"}, func(single []int) func() {
		p, q = n.read(single[0]), n.read(single[1])
		return nil
	}, func(at []int) {
		v := n.vector()
		n.word(fmul, v, n.read(at[1]), p)
		n.line("VFMLA V%d.S4, V%d.S4, V%d.S4", n.read(at[2]), q, v)
		n.line("VST1 [V%d.S4], (R%d)", v, at[0])
	})
}

// walk makes the loop over the groups of 4 numbers that the pointers named go along.
func (n *neon) walk(signature string, names []string, body func(at []int)) {
	const groups = 10
	n.loads(signature, 0, names...)
	n.loads(signature, groups, "vectors")
	n.line("LSL $1, R%d", groups)
	n.label("group")
	at := make([]int, len(names))
	for i := range at {
		at[i] = i
	}
	body(at)
	for _, register := range at {
		n.line("ADD $16, R%d", register)
	}
	n.line("SUBS $1, R%d", groups)
	n.line("BNE group")
	n.line("RET")
}

// optimizers makes the updates of weights, each in one pass over them and their moments.
func (n *neon) optimizers() {
	constants := func(signature string, count int) (list []int) {
		const c = 9
		n.loads(signature, c, "constants")
		for range count {
			v := n.vector()
			n.line("VLD1R.P 4(R%d), [V%d.S4]", c, v)
			list = append(list, v)
		}
		return list
	}
	mulAdd := func(a, b, sum int) { n.line("VFMLA V%d.S4, V%d.S4, V%d.S4", a, b, sum) }
	product := func(a, b int) int {
		v := n.vector()
		n.word(fmul, v, a, b)
		return v
	}
	write := func(v, register int) { n.line("VST1 [V%d.S4], (R%d)", v, register) }

	signature := "weights, gradients, first, second, constants *float32, vectors int"
	n.function("adamNEON", "updates moments and weights in one pass.", signature, 0)
	c := constants(signature, 8)
	keep1, new1, keep2, new2, rate, rootScale, epsilon, decay := c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]
	n.walk(signature, []string{"weights", "gradients", "first", "second"}, func(at []int) {
		w, g := n.read(at[0]), n.read(at[1])
		mulAdd(decay, w, g)
		m := product(n.read(at[2]), keep1)
		mulAdd(new1, g, m)
		write(m, at[2])
		v := product(n.read(at[3]), keep2)
		mulAdd(new2, product(g, g), v)
		write(v, at[3])
		root := n.vector()
		n.line("WORD $0x%08x // FSQRT V%d.4S, V%d.4S", 0x6ea1f800|uint32(v)<<5|uint32(root), root, v)
		root = n.add(product(root, rootScale), epsilon)
		move := product(m, rate)
		n.word(fdiv, move, move, root)
		write(n.sub(w, move), at[0])
	})

	signature = "weights, gradients, velocity, constants *float32, vectors int"
	n.function("descendNEON", "updates velocity and weights of gradient descent in one pass.", signature, 0)
	c = constants(signature, 4)
	momentum, direct, along, shrink := c[0], c[1], c[2], c[3]
	n.walk(signature, []string{"weights", "gradients", "velocity"}, func(at []int) {
		w, g := n.read(at[0]), n.read(at[1])
		mulAdd(shrink, w, g)
		v := n.add(product(n.read(at[2]), momentum), g)
		write(v, at[2])
		n.line("VFMLS V%d.S4, V%d.S4, V%d.S4", direct, g, w)
		n.line("VFMLS V%d.S4, V%d.S4, V%d.S4", along, v, w)
		write(w, at[0])
	})
}
