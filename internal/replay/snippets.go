package replay

import (
	"strconv"
	"strings"
)

// Frameworks are those that there are lines to paste for.
var Frameworks = []string{"go", "gomlx", "pytorch", "jax"}

const goSnippet = `import "alrc"

clipper, err := alrc.New(alrc.Options{N: $N, Decay: $DECAY}) // the moments start by themselves
if err != nil {
	return err
}

// In every step, with one loss per example:
clipper.Step(losses, scales) // then multiply the gradient of example i by scales[i]
`

const gomlxSnippet = `import (
	"alrc"
	alrcgomlx "alrc/gomlx"
)

method, err := alrcgomlx.OneSided(alrc.Options{N: $N, Decay: $DECAY}) // the moments start by themselves
if err != nil {
	return err
}

// Give the trainer the clipped loss instead of lossFn:
lossFn = method.Loss("/alrc", lossFn)
`

const pytorchSnippet = `import torch

class ALRC(torch.nn.Module):
    """Adaptive learning rate clipping (arXiv 1906.09060): limits losses, not directions."""

    def __init__(self, n=$N, decay=$DECAY, mu1=$MU1, mu2=$MU2):
        super().__init__()
        self.n, self.decay = n, decay
        self.register_buffer("mu1", torch.tensor(mu1, dtype=torch.float64))
        self.register_buffer("mu2", torch.tensor(mu2, dtype=torch.float64))

    def scales(self, losses):
        """One factor per loss; 0 for a loss that is not finite."""
        with torch.no_grad():
            losses = losses.double()
            finite = torch.isfinite(losses)
            sigma = (torch.clamp(self.mu2 - self.mu1**2, min=0) + 1e-8).sqrt()
            threshold = self.mu1 + self.n * sigma
            over = finite & (losses > threshold)
            ratio = (losses > 0) & (threshold > 0)  # else by the distance from the mean
            distance = (threshold - self.mu1) / (losses - self.mu1)
            scale = torch.where(ratio, threshold / losses, distance)
            scale = torch.where(over, scale, finite.double())
            limited = torch.minimum(losses, threshold)[finite]
            if self.training and limited.numel() > 0:
                self.mu1.mul_(self.decay).add_((1 - self.decay) * limited.mean())
                self.mu2.mul_(self.decay).add_((1 - self.decay) * (limited**2).mean())
        return scale

    def forward(self, losses):
        """Call it on a tensor of one loss per example, and backpropagate the result."""
        scale = self.scales(losses)
        return (scale.to(losses.dtype) * torch.where(scale > 0, losses, torch.zeros_like(losses))).mean()

# alrc = ALRC(); in every step:
#     loss = alrc(torch.nn.functional.mse_loss(output, target, reduction="none").flatten(1).mean(1))
#     loss.backward()
`

const jaxSnippet = `import jax
import jax.numpy as jnp

ALRC_START = (jnp.float32($MU1), jnp.float32($MU2))

def alrc(losses, moments, n=$N, decay=$DECAY):
    """Adaptive learning rate clipping (arXiv 1906.09060) of one loss per example.

    Returns the loss to differentiate, and new moments.
    """
    mu1, mu2 = moments
    fixed = jax.lax.stop_gradient(losses)
    finite = jnp.isfinite(fixed)
    safe = jnp.where(finite, fixed, mu1)
    spread = n * jnp.sqrt(jnp.maximum(mu2 - mu1**2, 0) + 1e-8)
    threshold = mu1 + spread
    over = safe > threshold
    ratio = (safe > 0) & (threshold > 0)  # else by the distance from the mean
    divisor = jnp.where(over, jnp.where(ratio, safe, safe - mu1), 1)
    scale = jnp.where(over, jnp.where(ratio, threshold, spread) / divisor, 1.0) * finite
    limited = jnp.where(finite, jnp.minimum(safe, threshold), 0)
    count = jnp.maximum(finite.sum(), 1)
    keep = jnp.where(finite.any(), decay, 1.0)
    mu1 = keep * mu1 + (1 - keep) * limited.sum() / count
    mu2 = keep * mu2 + (1 - keep) * (limited**2).sum() / count
    return jnp.mean(scale * jnp.where(finite, losses, 0)), (mu1, mu2)

# In the loss function; return the moments as auxiliary output (has_aux=True) for the next step:
#     loss, moments = alrc(jnp.mean((output - target)**2, axis=(1, 2, 3)), moments)
`

// snippets fills in the numbers.
func snippets(r Recommendation) map[string]string {
	number := func(value float64) string { return strconv.FormatFloat(value, 'g', -1, 64) }
	// Python's literals must stay floats.
	python := func(value float64) string {
		text := number(value)
		if !strings.ContainsAny(text, ".e") {
			text += ".0"
		}
		return text
	}
	fill := func(text string, format func(float64) string) string {
		return strings.NewReplacer("$N", number(r.N), "$DECAY", number(r.Decay), "$MU1", format(r.Mu1), "$MU2", format(r.Mu2)).Replace(text)
	}
	return map[string]string{
		"go":      fill(goSnippet, number),
		"gomlx":   fill(gomlxSnippet, number),
		"pytorch": fill(pytorchSnippet, python),
		"jax":     fill(jaxSnippet, python),
	}
}
