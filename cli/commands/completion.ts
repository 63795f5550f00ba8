import { Argument, Command } from 'commander';
import { contextOf } from '../context.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** `switchyard completion`: a script that completes commands and options, made from the program itself. */
export function completionCommand(): Command {
  return new Command('completion')
    .description('print a completion script: source <(npx switchyard completion bash)')
    .addArgument(new Argument('<shell>', 'your shell').choices(SHELLS))
    .action((shell: Shell, _options: unknown, self: Command) => {
      const program = self.parent;
      if (program === null) throw new Error('completion is a command of a program');
      const script = SCRIPTS[shell](wordsByCommand(program));
      contextOf(self).terminal.result({ shell, script }, script.trimEnd());
    });
}

/** What may follow a command's words: `experiment` → its subcommands and options. */
type Words = ReadonlyMap<string, readonly string[]>;

function wordsByCommand(program: Command): Words {
  const words = new Map<string, readonly string[]>();
  const visit = (command: Command, path: readonly string[]) => {
    const options = command.options.flatMap(({ long }) => (long == null ? [] : [long]));
    words.set(path.join(' '), [...command.commands.map((child) => child.name()), ...options]);
    for (const child of command.commands) visit(child, [...path, child.name()]);
  };
  visit(program, []);
  return words;
}

const bash = (words: Words) => `# switchyard completion for bash
_switchyard() {
  local path="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) path="\${path:+$path }$word" ;; esac
  done
  case "$path" in
${[...words].map(([path, follow]) => `    "${path}") COMPREPLY=($(compgen -W "${follow.join(' ')}" -- "\${COMP_WORDS[COMP_CWORD]}")) ;;`).join('\n')}
    *) COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}")) ;;
  esac
}
complete -F _switchyard switchyard
`;

const fish = (words: Words) =>
  [
    '# switchyard completion for fish',
    'complete -c switchyard -f',
    ...[...words].flatMap(([path, follow]) => {
      const seen =
        path === '' ? '__fish_use_subcommand' : `__fish_seen_subcommand_from ${path.split(' ').at(-1)}`;
      return follow.map((word) =>
        word.startsWith('--')
          ? `complete -c switchyard -n "${seen}" -l ${word.slice(2)}`
          : `complete -c switchyard -n "${seen}" -a ${word}`,
      );
    }),
    '',
  ].join('\n');

const SCRIPTS: Readonly<Record<Shell, (words: Words) => string>> = {
  bash,
  zsh: (words) => `autoload -U +X bashcompinit && bashcompinit\n${bash(words)}`,
  fish,
};
