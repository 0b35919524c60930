package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // time zones of workspaces, where the machine has none

	"github.com/alecthomas/kong"

	"drawbridge/config"
)

// commandLine is everything that can be typed behind the program's name.
type commandLine struct {
	JSON   bool   `name:"json" help:"Print one JSON value on standard output, and nothing else."`
	Config string `help:"YAML file with settings." placeholder:"FILE"`
	kong.Plugins

	Serve       serveCommand       `cmd:"" help:"Run the bridge. Applies migrations first."`
	Demo        demoCommand        `cmd:"" help:"Run the bridge on temporary data with a simulated Okta beside it."`
	Simulate    simulateCommand    `cmd:"" help:"Drive a SCIM server as an identity provider does."`
	Migrate     migrateCommand     `cmd:"" help:"Look at the database's schema, or bring it up to date."`
	Workspace   workspaceCommand   `cmd:"" help:"Workspaces, each an organisation's tenant."`
	Community   communityCommand   `cmd:"" help:"Communities of a workspace, in which people hold roles."`
	Role        roleCommand        `cmd:"" help:"Roles, built-in and custom."`
	Directory   directoryCommand   `cmd:"" help:"Directories, the SCIM clients of a workspace, and their tokens."`
	Connection  connectionCommand  `cmd:"" help:"Connections, the OIDC providers of a workspace."`
	Domain      domainCommand      `cmd:"" help:"E-mail domains of a workspace."`
	Mapping     mappingCommand     `cmd:"" help:"Mappings of groups to roles in communities."`
	Group       groupCommand       `cmd:"" help:"Groups that directories pushed."`
	User        userCommand        `cmd:"" help:"People, their roles, and why they have them."`
	Invitation  invitationCommand  `cmd:"" help:"Invitations by e-mail."`
	Mail        mailCommand        `cmd:"" help:"Mails on their way."`
	Setup       setupCommand       `cmd:"" help:"The first start."`
	Doctor      doctorCommand      `cmd:"" help:"Check the whole installation."`
	Audit       auditCommand       `cmd:"" help:"The audit log."`
	Healthcheck healthcheckCommand `cmd:"" help:"Ask the server on this machine whether it runs."`
	Version     versionCommand     `cmd:"" help:"Print what this program was built from."`
}

func main() {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // a terminal that closes; nohup ignores it
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	// A second signal does what it does to any program.
	context.AfterFunc(ctx, stop)
	code := run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// run does what the arguments say and returns the exit code.
func run(ctx context.Context, args []string) int {
	err := execute(ctx, args)
	if err == nil {
		return exitSuccess
	}
	_, _ = io.WriteString(os.Stderr, describe(err))
	return exitCode(err)
}

func execute(ctx context.Context, args []string) error {
	settings := newSettingFlags(config.Flags())
	line := commandLine{Plugins: kong.Plugins{settings.target()}}
	sh := &shell{in: os.Stdin, out: os.Stdout, errs: os.Stderr}
	parser, err := kong.New(&line, kong.Name("drawbridge"), kong.Bind(sh), kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Description("A bridge between an identity provider and an application whose people live in communities."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 120}),
		kong.ExplicitGroups([]kong.Group{{Key: settingsGroup, Title: "Settings, also from the environment (--public-url is DRAWBRIDGE_PUBLIC_URL) and --config (public_url):"}}))
	if err != nil {
		return err
	}
	command, err := parser.Parse(args)
	if err != nil {
		return wrongArguments(err)
	}
	sh.json = line.JSON
	sh.sources = config.Sources{Flags: settings.given(), Environ: os.Environ(), File: line.Config}
	return command.Run()
}
