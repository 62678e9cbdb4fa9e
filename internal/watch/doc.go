// Package watch judges the losses of a run that is going on, and raises alerts.
//
// A [Watcher] takes losses and lines as they come, wherever from: [Follow] gives it those of a log that grows, and
// [Command] those that a program writes, which it starts and whose output it passes through. What the watcher finds it
// tells to a function, which prints an alert, starts a command, or posts to a chat ([Notifier]); and it keeps what was
// logged around each spike ([Record]).
package watch
