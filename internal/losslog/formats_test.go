package losslog

import (
	"strings"
	"testing"
)

// The loss of a step without number is NaN, which rows leave empty.
func TestFormats(t *testing.T) {
	for _, test := range []struct {
		name, content string
		options       Options
		want          string
	}{
		{"comma", "step,loss,lr\n1,0.5,3\n2,0.25,3\n3,nan,3\n", Options{}, "1:0.5 2:0.25 3:"},
		{"tab", "iteration\ttrain loss\n10\t0.5\n20\t1e-3\n", Options{}, "10:0.5 20:0.001"},
		{"semicolon, quoted", "\"step\";\"a;b\";\"loss\"\n1;\"x;y\";\"0.5\"\n2;z;0.25\n", Options{}, "1:0.5 2:0.25"},
		{"space", "1 0.5\n2  0.25\n3 0.75\n", Options{}, "1:0.5 2:0.25 3:0.75"},
		{"one column", "0.5\n0.25\n", Options{}, "1:0.5 2:0.25"},
		{"no header", "1,0.5\n2,0.25\n3,0.5\n", Options{}, "1:0.5 2:0.25 3:0.5"},
		{"column by number", "a,b,c\n1,0.5,7\n2,0.25,8\n", Options{Loss: "2", Step: "a"}, "1:0.5 2:0.25"},
		{"byte order mark, CRLF, comment", "\xef\xbb\xbf# log\r\nstep,loss\r\n1,0.5\r\n2,0.25\r\n", Options{}, "1:0.5 2:0.25"},
		{"no last line end", "step,loss\n1,0.5\n2,0.25", Options{}, "1:0.5 2:0.25"},
		{"Lightning", "epoch,step,train_loss_epoch,train_loss_step,val_loss\n0,0,,0.5,\n0,0,,,0.7\n0,1,,0.25,\n0,1,0.4,,\n", Options{}, "0:0.5 1:0.25"},
		{"rows cut short", "net,epoch,acc,loss,params,remark\na,1,0.5,0.75,\na,2,0.5,0.25,\na,3,0.5,0.5,\n", Options{}, "1:0.75 2:0.25 3:0.5"},
		{"runs of a long table", "run,tag,step,value\na/train,loss,1,0.5\na/train,loss,2,0.25\na/train,acc,1,0.3\na/train,acc,2,0.4\na/test,loss,1,0.75\na/test,loss,2,0.7\n", Options{}, "1:0.5 2:0.25"},
		{"series of data", "Series,Iteration,Value\ntrain,1,0.5\ntrain,2,0.25\ntrain,3,0.2\nval,1,0.75\nval,2,0.7\nval,3,0.6\n", Options{}, "1:0.5 2:0.25 3:0.2"},
		{"steps missing", "step,loss\n1,0.5\n,0.25\n7,0.125\n", Options{Step: "step"}, "1:0.5 2:0.25 7:0.125"},
		{"batches", "step,example,loss\n1,0,0.5\n1,1,1.5\n2,0,0.25\n2,1,0.75\n", Options{Batch: "step"}, "1:1 2:0.5"},
		{"header again", "step,loss\n1,0.5\nstep,loss\n2,0.25\n", Options{}, "1:0.5 2:0.25"},
		{"training rows", "step,split,loss\n1,train,0.5\n1,val,0.75\n2,train,0.25\n", Options{}, "1:0.5 2:0.25"},
		{"rows beside validation", `{"n": 1, "loss": 0.5, "mode": "grow"}` + "\n" + `{"n": 1, "loss": 0.75, "mode": "eval"}` + "\n" + `{"n": 2, "loss": 0.25, "mode": "grow"}` + "\n", Options{}, "1:0.5 2:0.25"},
		{"other rows", "step,split,loss\n1,train,0.5\n1,val,0.75\n2,train,0.25\n",
			Options{Where: []Condition{{Field: "split", Value: "train", Not: true}}}, "1:0.75"},
		{"own table", "step,loss,raw_loss,threshold,lower_threshold,mu1,mu2,scale,clipped,images_per_s,test_loss\n1,0.5,1,,,,,1,0,9,\n2,,,,,,,1,0,9,\n",
			Options{}, "1:0.5 2:"},
		{"JSON lines", `{"step": 1, "train": {"loss": 0.5, "accuracy": 1}, "note": "a \"b\" }"}` + "\n" + `{"step": 2, "train": {"loss": NaN}}` + "\n",
			Options{}, "1:0.5 2:"},
		{"JSON field", `{"it": 1, "a": {"x": 0.5}, "b": 1}` + "\n" + `{"it": 2, "a": {"x": 0.25}, "b": 1}` + "\n", Options{Loss: "a.x"}, "1:0.5 2:0.25"},
		{"JSON lists", `{"step": 1, "loss": [0.5, 1.5]}` + "\n" + `{"step": 2, "loss": [0.25, null]}` + "\n" + `{"step": 3, "loss": 4}` + "\n",
			Options{}, "1:1 2: 3:4"},
		{"trainer state", "{\n \"best_metric\": null,\n \"log_history\": [\n {\n\"loss\": 0.5,\n\"step\": 10\n},\n{\"eval_loss\": 1, \"step\": 10},\n" +
			"{\"loss\": 0.25, \"step\": 20}\n],\n \"max_steps\": 20,\n \"stateful_callbacks\": {\"a\": {\"args\": {}}}\n}\n", Options{}, "10:0.5 20:0.25"},
		{"trainer state on one line", `{"best":null,"log_history":[{"loss":0.5,"step":10},{"loss":0.25,"step":20}],"x":{"loss":"none"}}`, Options{}, "10:0.5 20:0.25"},
		{"text lines", "start of training\nEpoch 1/3 step 1: loss 0.5, time 3ms\nsaved\nEpoch 1/3 step 2: loss 0.25, time 3ms\n", Options{}, "1:0.5 2:0.25"},
		{"key=value", "INFO step=1 loss=0.5 lr=0.1\nINFO step=2 loss=nan lr=0.1\n", Options{}, "1:0.5 2:"},
		{"progress bar", "\rstep: 1, loss: 0.5\rstep: 2, loss: 0.25\r\n", Options{}, "1:0.5 2:0.25"},
		{"tensors", "step: 1, loss: tensor(0.5, device='cuda:0')\nstep: 2, loss: tensor(0.25)\n", Options{}, "1:0.5 2:0.25"},
		{"similar keys", "it: 1, MSE_in: 9, MSE: 0.5, val MSE: 7\nit: 2, MSE_in: 9, MSE: 0.25, val MSE: 7\n", Options{Loss: "MSE"}, "1:0.5 2:0.25"},
		{"run together", strings.Repeat("run-7, Iter: 1, in: 9, MSE: 0.5, Val: 0run-7, Iter: 1, in: 9, MSE: 0.75, Val: 1", 2), Options{Loss: "MSE"},
			"1:0.5 1:0.5"},
		{"pattern", "x MSE: 0.5y MSE: 0.25z MSE: infMSE: 1", Options{Pattern: "MSE: ([-+0-9.eE]+|nan|inf)"}, "1:0.5 2:0.25 3: 4:1"},
		{"pattern with step", "at 5 error 0.5; at 6 error 0.25", Options{Pattern: `at (?P<step>\d+) error (?P<loss>[0-9.]+)`}, "5:0.5 6:0.25"},
		{"pattern of lines", "loss 1 loss 2\nx\nloss 3\n", Options{Pattern: `^loss ([0-9.]+)$`}, "1:3"},
		{"names with commas and quotes", `{"steps": [5, 6, 7], "loss, the \"sum\"": [0.5, 0.25, 0.125], "lr": [1, 1, 1]}`, Options{}, "5:0.5 6:0.25 7:0.125"},
		{"rows of a frame", `{"columns": ["a, b", "the \"step\"", "loss"], "data": [[9, 5, 0.5], [9, 6, 0.25], [9, 7, 0.125]]}`, Options{}, "5:0.5 6:0.25 7:0.125"},
		{"out of order", "step,loss\n1,1\n2,2\n4,4\n3,3\n5,5\n6,6\n", Options{}, "1:1 2:2 4:4 3:3 5:5 6:6"},
		{"repeated", "step,loss\n1,1\n2,2\n2,2.5\n3,3\n2,9\n4,4\n5,5\n", Options{}, "1:1 2:2 2:2.5 3:3 2:9 4:4 5:5"},
		{"resumed", "step,loss\n1,1\n2,2\n3,3\n4,4\n2,20\n3,30\n4,40\n5,50\n", Options{}, "1:1 2:20 3:30 4:40 5:50"},
		{"resumed twice", "step,loss\n1,1\n2,2\n3,3\n4,4\n3,30\n4,40\n5,50\n2,200\n3,300\n4,400\n5,500\n6,600\n", Options{}, "1:1 2:200 3:300 4:400 5:500 6:600"},
		{"counter of batches", "batch_num,loss\n1,1\n2,2\n3,3\n1,4\n2,5\n3,6\n1,7\n2,8\n3,9\n", Options{}, "1:1 2:2 3:3 4:4 5:5 6:6 7:7 8:8 9:9"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.options.Inputs = []string{write(t, "log", test.content)}
			_, got := pairs(t, test.options)
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
