package nn

import "math"

// Losses are computed in float64: a loss of the fourth power overflows float32 long before its root does.

// imageLoss returns the raw loss of an image, Scale * mean |target - output|^Power over its values.
func (l Loss) imageLoss(output *tensor, image int, target []float32) float64 {
	var total float64
	channels := output.used
	for y := range output.height {
		row := output.data[output.at(image, y, 0):output.at(image, y, output.width)]
		to := target[y*output.width*channels:][:output.width*channels]
		if output.channels == channels {
			total += l.rowLoss(row, to)
			continue
		}
		for ; len(to) > 0; row, to = row[output.channels:], to[channels:] {
			for i := range channels {
				total += l.power(float64(row[i]) - float64(to[i]))
			}
		}
	}
	return l.Scale * total / float64(output.height*output.width*channels)
}

// rowLoss sums powers of differences; the order of its sums is fixed.
func (l Loss) rowLoss(row, target []float32) float64 {
	target = target[:len(row)]
	var a, b float64
	i := 0
	switch l.Power {
	case 2:
		for ; i+2 <= len(row); i += 2 {
			d, f := float64(row[i])-float64(target[i]), float64(row[i+1])-float64(target[i+1])
			a += float64(d * d)
			b += float64(f * f)
		}
	case 4:
		for ; i+2 <= len(row); i += 2 {
			d, f := float64(row[i])-float64(target[i]), float64(row[i+1])-float64(target[i+1])
			d, f = float64(d*d), float64(f*f)
			a += float64(d * d)
			b += float64(f * f)
		}
	}
	for ; i < len(row); i++ {
		a += l.power(float64(row[i]) - float64(target[i]))
	}
	return a + b
}

// power returns |d|^Power.
func (l Loss) power(d float64) float64 {
	switch l.Power {
	case 1:
		return math.Abs(d)
	case 2:
		return d * d
	case 4:
		return d * d * d * d
	}
	return math.Pow(math.Abs(d), l.Power)
}

// huber returns the loss that is clipped, and the factor of the gradient that it comes with.
func (l Loss) huber(raw float64) (loss, factor float64) {
	if l.Huber > 0 && raw >= l.Huber {
		root := math.Sqrt(raw)
		return root, 1 / (2 * root)
	}
	return raw, 1
}

// imageGradient puts weight times the gradient of the raw loss by the output into gradient.
func (l Loss) imageGradient(output, gradient *tensor, image int, target []float32, weight float64) {
	channels := output.used
	factor := weight * l.Scale * l.Power / float64(output.height*output.width*channels)
	for y := range output.height {
		first, end := output.at(image, y, 0), output.at(image, y, output.width)
		row, to := output.data[first:end], gradient.data[first:end]
		target := target[y*output.width*channels:][:output.width*channels]
		if output.channels == channels {
			l.slopes(to, row, target, factor)
			continue
		}
		for ; len(row) > 0; row, to, target = row[output.channels:], to[output.channels:], target[channels:] {
			l.slopes(to[:channels], row, target, factor)
		}
	}
}

// slopes puts factor times the slopes of |output - target|^Power over Power into to.
func (l Loss) slopes(to, output, target []float32, factor float64) {
	output, target = output[:len(to)], target[:len(to)]
	switch l.Power {
	case 1:
		for i := range to {
			to[i] = float32(factor * sign(float64(output[i])-float64(target[i])))
		}
	case 2:
		for i := range to {
			d := float64(output[i]) - float64(target[i])
			to[i] = float32(factor * d)
		}
	case 4:
		for i := range to {
			d := float64(output[i]) - float64(target[i])
			to[i] = float32(factor * (d * d * d))
		}
	default:
		for i := range to {
			d := float64(output[i]) - float64(target[i])
			to[i] = float32(factor * math.Copysign(math.Pow(math.Abs(d), l.Power-1), d))
		}
	}
}

func sign(d float64) float64 {
	switch {
	case d > 0:
		return 1
	case d < 0:
		return -1
	}
	return 0
}
