package cli

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"alrc/internal/words"
)

// findCommand returns an error if the arguments begin with an unknown command. It comes before flags are parsed, since those of
// a misspelt command are unknown ones too.
func findCommand(root *cobra.Command, arguments []string) error {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	if len(arguments) > 0 && arguments[0] == "help" {
		arguments = arguments[1:]
	}
	command := root
	for _, argument := range arguments {
		if strings.HasPrefix(argument, "-") && command.Runnable() && command != root {
			return nil // what follows may be a flag's value
		}
		if strings.HasPrefix(argument, "-") {
			continue
		}
		if !command.HasSubCommands() {
			return nil
		}
		i := slices.IndexFunc(command.Commands(), func(c *cobra.Command) bool { return c.Name() == argument || c.HasAlias(argument) })
		if i < 0 {
			return unknownCommand(command, argument)
		}
		command = command.Commands()[i]
	}
	return nil
}

func unknownCommand(command *cobra.Command, name string) error {
	var names []string
	for _, below := range command.Commands() {
		if below.IsAvailableCommand() {
			names = append(names, below.Name())
		}
	}
	if command != command.Root() && slices.ContainsFunc(command.Root().Commands(), func(c *cobra.Command) bool { return c.Name() == name }) {
		return usageError("unknown command %q for '%s'; did you mean '%s %s'?\nSee '%s --help'.", name, command.CommandPath(), command.Root().Name(), name, command.CommandPath())
	}
	hint := words.DidYouMean(name, names, func(near string) string { return fmt.Sprintf("'%s %s'", command.CommandPath(), near) })
	return usageError("unknown command %q for '%s'%s\nSee '%s --help'.", name, command.CommandPath(), hint, command.CommandPath())
}

// flagError is the usage error of flags that could not be parsed. Of one that is unknown it says which was meant, and of a value
// what it may be.
func flagError(command *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		reason := invalid.Unwrap()
		if form := valueForms[invalid.GetFlag().Value.Type()]; form != "" {
			reason = fmt.Errorf("give %s", form)
			if errors.Is(err, strconv.ErrRange) {
				reason = errors.New("it is too large")
			}
		}
		return usageError("--%s %s: %w\nSee '%s --help'.", invalid.GetFlag().Name, invalid.GetValue(), reason, command.CommandPath())
	}
	hint := ""
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "" {
		var names []string
		command.Flags().VisitAll(func(flag *pflag.Flag) { names = append(names, flag.Name) })
		hint = words.DidYouMean(unknown.GetSpecifiedName(), names, func(near string) string { return "--" + near })
	}
	return usageError("%w%s\nSee '%s --help'.", err, hint, command.CommandPath())
}

// valueForms says what flags of each type take.
var valueForms = map[string]string{
	"int": "a whole number", "int64": "a whole number", "uint64": "a whole number of at least 0", "float64": "a number", "bool": "true or false",
	"intSlice": "whole numbers with commas between them", "float64Slice": "numbers with commas between them", "duration": "a time, such as 30s or 5m",
}

// usageErrors makes a wrong number of arguments, of the command or of those below it, a usage error.
func usageErrors(command *cobra.Command) {
	if check := command.Args; check != nil {
		command.Args = func(command *cobra.Command, arguments []string) error {
			if check(command, arguments) == nil {
				return nil
			}
			given := "no argument is given"
			if len(arguments) > 0 {
				given = fmt.Sprintf("%s given: %s", words.Agreeing(len(arguments), "argument is", "arguments are"), strings.Join(arguments, " "))
			}
			return usageError("%s to '%s', which takes %s\nUsage: %s", given, command.CommandPath(), taken(check, command), command.UseLine())
		}
	}
	for _, below := range command.Commands() {
		usageErrors(below)
	}
}

// taken says how many arguments a command takes.
func taken(check cobra.PositionalArgs, command *cobra.Command) string {
	const most = 3
	for count := range most {
		if check(command, make([]string, count)) == nil {
			switch more := check(command, make([]string, count+1)) == nil; {
			case more:
				return fmt.Sprintf("%d or more", count)
			case count == 0:
				return "none"
			}
			return fmt.Sprint(count)
		}
	}
	return "others"
}

// threadsFlag gives a command the flag --threads. More threads than processors would only be in each other's way: they are cut to
// that number, and the user is told.
func threadsFlag(command *cobra.Command, flags *pflag.FlagSet, threads *int, use string) {
	flags.IntVar(threads, "threads", 0, use)
	command.PreRunE = func(command *cobra.Command, _ []string) error {
		if *threads < 0 {
			return usageError("--threads %d: give a number of threads of at least 1, or 0 for the default", *threads)
		}
		*threads = capped(command, "threads", *threads, "threads are used")
		return nil
	}
}

// capped returns a flag's number, at most one for each processor, and says so where it was more: no more of what it counts.
func capped(command *cobra.Command, flag string, number int, counts string) int {
	processors := runtime.GOMAXPROCS(0)
	if number > processors {
		fmt.Fprintf(command.ErrOrStderr(), "--%s %d: this machine has %s for it, and no more %s.\n", flag, number,
			words.Counted(processors, "processor"), counts)
	}
	return min(number, processors)
}
