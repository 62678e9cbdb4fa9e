package nn

import (
	"alrc/internal/model"
)

// slope is that of a layer's activation below 0, as leaky ReLU; 1 if there is none.
func slope(layer model.Layer) float32 {
	switch layer.Activation {
	case model.ReLU:
		return 0
	case model.LeakyReLU:
		return layer.Slope
	}
	return 1
}

// rowsPart is a part over rows of images, some at a time.
func rowsPart(e *Engine, name string, height int, row func(image, y int)) part {
	const rows = 8
	groups := (height + rows - 1) / rows
	return part{name: name, tasks: func() int { return e.images * groups }, run: func(_ *worker, task int) {
		image, group := task/groups, task%groups
		for y := group * rows; y < min(height, (group+1)*rows); y++ {
			row(image, y)
		}
	}}
}

// deactivate is the part that takes the gradient of what a layer put out, y, back through its activation, into g.
func deactivate(e *Engine, name string, g, gradient, y *tensor, slope float32) part {
	if !y.wide() {
		return rowsPart(e, name, y.height, func(image, row int) {
			for i := y.at(image, row, 0); i < y.at(image, row, y.width); i++ {
				g.data[i] = gradient.data[i]
				if y.data[i] <= 0 {
					g.data[i] *= slope
				}
			}
		})
	}
	return rowsPart(e, name, y.height, func(image, row int) {
		e.set.Deactivate(g.pixel(image, row, 0, 0), gradient.pixel(image, row, 0, 0), y.pixel(image, row, 0, 0), slope,
			4*y.channels, y.width, y.channels/e.set.Lanes)
	})
}

// add is the part that puts a + b into dst; all have the same layout.
func add(e *Engine, name string, dst, a, b *tensor) part {
	return rowsPart(e, name, dst.height, func(image, y int) {
		e.set.Add(dst.pixel(image, y, 0, 0), a.pixel(image, y, 0, 0), b.pixel(image, y, 0, 0), dst.width*dst.channels/e.set.Lanes)
	})
}

// copyChannels is the part that copies, or adds, the channels of src from a place on to dst from a place on.
func copyChannels(e *Engine, name string, dst *tensor, to int, src *tensor, from, channels int, accumulate bool) part {
	return rowsPart(e, name, dst.height, func(image, y int) {
		for x := range dst.width {
			out := dst.data[dst.at(image, y, x)+to:][:channels]
			in := src.data[src.at(image, y, x)+from:][:channels]
			if !accumulate {
				copy(out, in)
				continue
			}
			for i, value := range in {
				out[i] += value
			}
		}
	})
}

// resize is a bilinear resizing with aligned corners.
type resize struct{ rows, columns []sample }

// sample says where a row or column comes from: the one at first times 1 - weight, and the one at second times weight.
type sample struct {
	first, second int
	weight        float32
}

func newResize(in, out *tensor) *resize {
	return &resize{samples(in.height, out.height), samples(in.width, out.width)}
}

func samples(in, out int) []sample {
	list := make([]sample, out)
	for i := range list {
		if out > 1 {
			list[i].first = i * (in - 1) / (out - 1)
			list[i].weight = float32(float64(i*(in-1)%(out-1)) / float64(out-1))
		}
		list[i].second = min(list[i].first+1, in-1)
	}
	return list
}

func (r *resize) forward(e *Engine, name string, in, out *tensor) part {
	return rowsPart(e, name, out.height, func(image, y int) {
		row := r.rows[y]
		for x, column := range r.columns {
			to := out.data[out.at(image, y, x):][:out.channels]
			a, b := in.data[in.at(image, row.first, column.first):], in.data[in.at(image, row.first, column.second):]
			c, d := in.data[in.at(image, row.second, column.first):], in.data[in.at(image, row.second, column.second):]
			for i := range to {
				top := a[i] + float32(column.weight*(b[i]-a[i]))
				bottom := c[i] + float32(column.weight*(d[i]-c[i]))
				to[i] = top + float32(row.weight*(bottom-top))
			}
		}
	})
}

// backward hands gradients to the pixels that they came from. A task is an image, since pixels share sources.
func (r *resize) backward(e *Engine, name string, g, gradient *tensor, accumulate bool) part {
	return part{name: name, tasks: func() int { return e.images }, run: func(_ *worker, image int) {
		if !accumulate {
			for y := range gradient.height {
				clear(gradient.data[gradient.at(image, y, 0):gradient.at(image, y, gradient.width)])
			}
		}
		for y, row := range r.rows {
			for x, column := range r.columns {
				from := g.data[g.at(image, y, x):][:g.channels]
				hand := func(sourceRow, sourceColumn int, weight float32) {
					to := gradient.data[gradient.at(image, sourceRow, sourceColumn):][:len(from)]
					for i, value := range from {
						to[i] += float32(weight * value)
					}
				}
				hand(row.first, column.first, (1-row.weight)*(1-column.weight))
				hand(row.first, column.second, (1-row.weight)*column.weight)
				hand(row.second, column.first, row.weight*(1-column.weight))
				hand(row.second, column.second, row.weight*column.weight)
			}
		}
	}}
}
