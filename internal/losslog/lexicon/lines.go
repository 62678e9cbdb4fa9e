package lexicon

// WorkerWords are what one of several that train one model together is called.
var WorkerWords = Set("rank worker workers gpu node proc process host pid trainer replica task")
