package fourier

import "math"

// portable does one pass in plain Go.
func portable(p *pass, src, dst planes) {
	switch p.radix {
	case 2:
		portable2(p, src, dst)
	case 3:
		portable3(p, src, dst)
	case 4:
		portable4(p, src, dst)
	case 5:
		portable5(p, src, dst)
	}
}

// inputs and outputs are the rows that a butterfly reads and writes.
func (p *pass) input(x []float64, row, k int) []float64 {
	return x[(row+k*p.rows)*p.width:][:p.width]
}

func (p *pass) output(x []float64, row, k int) []float64 {
	return x[(row*p.radix+k)*p.width:][:p.width]
}

func portable2(p *pass, src, dst planes) {
	for row := range p.rows {
		wr, wi := p.twiddles[2*row], p.twiddles[2*row+1]
		ar, ai := p.input(src.re, row, 0), p.input(src.im, row, 0)
		br, bi := p.input(src.re, row, 1), p.input(src.im, row, 1)
		yr, yi := p.output(dst.re, row, 0), p.output(dst.im, row, 0)
		zr, zi := p.output(dst.re, row, 1), p.output(dst.im, row, 1)
		for i := range yr {
			dr, di := ar[i]-br[i], ai[i]-bi[i]
			yr[i], yi[i] = ar[i]+br[i], ai[i]+bi[i]
			zr[i], zi[i] = dr*wr-di*wi, dr*wi+di*wr
		}
	}
}

func portable3(p *pass, src, dst planes) {
	sine := math.Sqrt(3) / 2
	for row := range p.rows {
		w := p.twiddles[4*row:][:4]
		ar, ai := p.input(src.re, row, 0), p.input(src.im, row, 0)
		br, bi := p.input(src.re, row, 1), p.input(src.im, row, 1)
		cr, ci := p.input(src.re, row, 2), p.input(src.im, row, 2)
		xr, xi := p.output(dst.re, row, 0), p.output(dst.im, row, 0)
		yr, yi := p.output(dst.re, row, 1), p.output(dst.im, row, 1)
		zr, zi := p.output(dst.re, row, 2), p.output(dst.im, row, 2)
		for i := range xr {
			sr, si := br[i]+cr[i], bi[i]+ci[i]
			dr, di := sine*(br[i]-cr[i]), sine*(bi[i]-ci[i])
			xr[i], xi[i] = ar[i]+sr, ai[i]+si
			mr, mi := ar[i]-0.5*sr, ai[i]-0.5*si
			// Times exp(-2 pi i/3) and its conjugate.
			pr, pi, qr, qi := mr+di, mi-dr, mr-di, mi+dr
			yr[i], yi[i] = pr*w[0]-pi*w[1], pr*w[1]+pi*w[0]
			zr[i], zi[i] = qr*w[2]-qi*w[3], qr*w[3]+qi*w[2]
		}
	}
}

func portable4(p *pass, src, dst planes) {
	for row := range p.rows {
		w := p.twiddles[6*row:][:6]
		ar, ai := p.input(src.re, row, 0), p.input(src.im, row, 0)
		br, bi := p.input(src.re, row, 1), p.input(src.im, row, 1)
		cr, ci := p.input(src.re, row, 2), p.input(src.im, row, 2)
		dr, di := p.input(src.re, row, 3), p.input(src.im, row, 3)
		er, ei := p.output(dst.re, row, 0), p.output(dst.im, row, 0)
		fr, fi := p.output(dst.re, row, 1), p.output(dst.im, row, 1)
		gr, gi := p.output(dst.re, row, 2), p.output(dst.im, row, 2)
		hr, hi := p.output(dst.re, row, 3), p.output(dst.im, row, 3)
		for i := range er {
			sr, si, tr, ti := ar[i]+cr[i], ai[i]+ci[i], ar[i]-cr[i], ai[i]-ci[i]
			ur, ui, vr, vi := br[i]+dr[i], bi[i]+di[i], br[i]-dr[i], bi[i]-di[i]
			er[i], ei[i] = sr+ur, si+ui
			pr, pi := tr+vi, ti-vr
			fr[i], fi[i] = pr*w[0]-pi*w[1], pr*w[1]+pi*w[0]
			pr, pi = sr-ur, si-ui
			gr[i], gi[i] = pr*w[2]-pi*w[3], pr*w[3]+pi*w[2]
			pr, pi = tr-vi, ti+vr
			hr[i], hi[i] = pr*w[4]-pi*w[5], pr*w[5]+pi*w[4]
		}
	}
}

// Cosines and sines of a fifth and two fifths of a turn.
var (
	cos1, cos2 = math.Cos(2 * math.Pi / 5), math.Cos(4 * math.Pi / 5)
	sin1, sin2 = math.Sin(2 * math.Pi / 5), math.Sin(4 * math.Pi / 5)
)

func portable5(p *pass, src, dst planes) {
	c1, c2, s1, s2 := cos1, cos2, sin1, sin2
	for row := range p.rows {
		w := p.twiddles[8*row:][:8]
		var xr, xi, yr, yi [5][]float64
		for k := range 5 {
			xr[k], xi[k] = p.input(src.re, row, k), p.input(src.im, row, k)
			yr[k], yi[k] = p.output(dst.re, row, k), p.output(dst.im, row, k)
		}
		for i := range p.width {
			ar, ai := xr[0][i], xi[0][i]
			pr, pi, qr, qi := xr[1][i]+xr[4][i], xi[1][i]+xi[4][i], xr[1][i]-xr[4][i], xi[1][i]-xi[4][i]
			ur, ui, vr, vi := xr[2][i]+xr[3][i], xi[2][i]+xi[3][i], xr[2][i]-xr[3][i], xi[2][i]-xi[3][i]
			yr[0][i], yi[0][i] = ar+pr+ur, ai+pi+ui
			er, ei := ar+c1*pr+c2*ur, ai+c1*pi+c2*ui
			fr, fi := ar+c2*pr+c1*ur, ai+c2*pi+c1*ui
			gr, gi := s1*qr+s2*vr, s1*qi+s2*vi
			hr, hi := s2*qr-s1*vr, s2*qi-s1*vi
			br, bi := er+gi, ei-gr
			yr[1][i], yi[1][i] = br*w[0]-bi*w[1], br*w[1]+bi*w[0]
			br, bi = fr+hi, fi-hr
			yr[2][i], yi[2][i] = br*w[2]-bi*w[3], br*w[3]+bi*w[2]
			br, bi = fr-hi, fi+hr
			yr[3][i], yi[3][i] = br*w[4]-bi*w[5], br*w[5]+bi*w[4]
			br, bi = er-gi, ei+gr
			yr[4][i], yi[4][i] = br*w[6]-bi*w[7], br*w[7]+bi*w[6]
		}
	}
}
