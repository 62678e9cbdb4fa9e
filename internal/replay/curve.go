package replay

import "math"

// curvePoints is the largest number of buckets of a curve: more than a figure has columns.
const curvePoints = 2048

// curve sums up a series of any length in a bounded number of buckets, each of the same number of steps. The least
// and the largest value of each are kept, so that no spike is lost.
type curve struct {
	width   int // steps a bucket
	buckets []bucket
}

type bucket struct {
	count       int // finite values
	steps       int
	first       int64 // step
	sum         float64
	least, most float64
	mostStep    int64
}

func newCurve() *curve { return &curve{width: 1, buckets: make([]bucket, 0, curvePoints)} }

func (c *curve) add(step int64, value float64) { c.addAll([]int64{step}, []float64{value}) }

// addAll takes the values of steps that follow one another.
func (c *curve) addAll(steps []int64, values []float64) {
	for len(values) > 0 {
		n := len(c.buckets)
		if n == 0 || c.buckets[n-1].steps == c.width {
			if n == curvePoints {
				c.halve()
				n = len(c.buckets)
			}
			c.buckets = append(c.buckets, bucket{first: steps[0], least: math.Inf(1), most: math.Inf(-1)})
			n++
		}
		b := &c.buckets[n-1]
		fits := min(c.width-b.steps, len(values))
		b.take(steps[:fits], values[:fits])
		steps, values = steps[fits:], values[fits:]
	}
}

func (b *bucket) take(steps []int64, values []float64) {
	count, sum, least, most, mostStep := b.count, b.sum, b.least, b.most, b.mostStep
	for i, value := range values {
		if value-value != 0 {
			continue
		}
		count++
		sum += value
		if value < least {
			least = value
		}
		if value > most {
			most, mostStep = value, steps[i]
		}
	}
	b.steps += len(values)
	b.count, b.sum, b.least, b.most, b.mostStep = count, sum, least, most, mostStep
}

// halve joins the buckets two by two.
func (c *curve) halve() {
	for i := range curvePoints / 2 {
		a, b := c.buckets[2*i], c.buckets[2*i+1]
		a.count += b.count
		a.steps += b.steps
		a.sum += b.sum
		a.least = min(a.least, b.least)
		if b.most > a.most {
			a.most, a.mostStep = b.most, b.mostStep
		}
		c.buckets[i] = a
	}
	c.buckets = c.buckets[:curvePoints/2]
	c.width *= 2
}

// mean is that of a bucket's finite values, NaN where there are none.
func (b *bucket) mean() float64 { return b.sum / float64(b.count) }

// segment sums up some buckets.
func segment(buckets []bucket) bucket {
	var all bucket
	all.least, all.most = math.Inf(1), math.Inf(-1)
	if len(buckets) > 0 {
		all.first = buckets[0].first
	}
	for _, b := range buckets {
		all.count += b.count
		all.steps += b.steps
		all.sum += b.sum
		all.least = min(all.least, b.least)
		if b.most > all.most {
			all.most, all.mostStep = b.most, b.mostStep
		}
	}
	return all
}
