package runfolder_test

import (
	"testing"

	"alrc/internal/runfolder"
)

func TestEnding(t *testing.T) {
	left := &runfolder.Stability{LeftStep: 3524}
	for want, result := range map[string]*runfolder.Result{
		"": {Stability: &runfolder.Stability{Episodes: 3}},
		"diverged at step 1,234 (the loss is not a number)":  {Diverged: true, DivergedStep: 1234, DivergedReason: "the loss is not a number", Stability: left},
		"dead since step 40 (layer conv3)":                   {Dead: &runfolder.Dead{Layer: "conv3", Step: 40}, Stability: left},
		"left its level at step 3,524 and did not come back": {Stability: left},
	} {
		if got := result.Ending(); got != want {
			t.Errorf("Ending is %q, want %q", got, want)
		}
	}
}
