"""The scripts of `smart-sync completion`, made from the tables of commands and parameters. Pure.

They hold all words: to complete one no process is started.
"""

from collections.abc import Callable, Iterator, Mapping

from pipeline.command.help import WHOLE, groups
from pipeline.command.table import COMMANDS, FLAGS
from pipeline.parameters.table import PARAMETERS, Kind

FILES = "<file>"
"""In place of values: a path."""
OF_FILES = ("tables", "checks", "transform_sql", "transformation_config", "postgresql_sslrootcert")
BASH = r"""# smart-sync completion bash: eval "$(smart-sync completion bash)"
_smart_sync() {
  local cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} name="" command="" word
  local reply=()
  if [[ $cur == "=" ]]; then name=$before cur=""
  elif [[ $before == "=" ]]; then name=${COMP_WORDS[COMP_CWORD-2]}
  elif [[ $before == --* ]]; then name=$before
  fi
  name=${name//-/_}
  COMPREPLY=()
  case "${name#__}" in
%(values)s
  esac
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in
      %(alternatives)s) command=$word; break ;;
    esac
  done
  if [[ $cur == -* ]]; then
    word=${cur#--}
    reply=($(compgen -W "%(flags)s" -- "--${word//-/_}"))
    [[ ${#reply[@]} == 1 && ${reply[0]} == *= ]] && compopt -o nospace
  elif [[ -z $command ]]; then
    reply=($(compgen -W "%(commands)s" -- "$cur"))
  elif [[ $command == completion ]]; then
    reply=($(compgen -W "bash zsh fish" -- "$cur"))
  fi
  COMPREPLY=("${reply[@]}")
}
complete -F _smart_sync smart-sync
"""
ZSH = r"""#compdef smart-sync
# smart-sync completion zsh: eval "$(smart-sync completion zsh)", or a file _smart-sync in $fpath
_smart_sync() {
  local word=${words[CURRENT]} before=${words[CURRENT-1]} name="" known=1
  local -a commands=(
%(described)s
  )
  local command=${words[(r)(%(alternatives)s)]}
  if [[ $word == --*=* ]]; then name=${word%%%%=*}; compset -P '*='
  elif [[ $before == --* && $word != -* ]]; then name=$before
  fi
  case "${${name#--}//-/_}" in
%(values)s
  esac
  [[ $word == --*=* ]] && return 1
  if [[ $word == -* ]]; then
    compadd -M 'm:{-}={_}' -S '' -- %(valued)s && known=0
    compadd -M 'm:{-}={_}' -- %(bare)s && known=0
  elif [[ -z $command || $command == $word ]]; then
    _describe command commands && known=0
  elif [[ $command == completion ]]; then
    compadd -- bash zsh fish && known=0
  fi
  return known
}
if [[ ${funcstack[1]} == _smart-sync ]]; then _smart_sync "$@"
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
  compdef _smart_sync smart-sync
fi
"""

FISH = r"""# smart-sync completion fish | source
function __smart_sync_dashes
  string match -qr -- '--\w+-' (commandline -cp)
end
complete -c smart-sync -f"""


def values() -> dict[str, tuple[str, ...]]:
    """Name of a flag → what it may be, where that is known; FILES for a path."""
    known: dict[str, tuple[str, ...]] = {
        parameter.name: tuple(choice for choice in parameter.choices if choice)
        for parameter in PARAMETERS
        if parameter.choices
    }
    known |= {p.name: ("true", "false") for p in PARAMETERS if p.kind is Kind.BOOL}
    known |= dict.fromkeys(OF_FILES, (FILES,))
    own = [*FLAGS, *(flag for command in COMMANDS for flag in command.flags)]
    known |= {flag.name: flag.choices for flag in own if flag.choices}
    known |= {flag.name: (FILES,) for flag in own if flag.value == "FILE"}
    return known | {"help": (*groups(), WHOLE)}


def flags() -> Iterator[str]:
    """Each flag as it is completed: with `=` where a value must follow."""
    for command in COMMANDS:
        for flag in command.flags:
            yield f"--{flag.name}{'=' if flag.value and not flag.is_optional else ''}"
    for flag in FLAGS:
        yield f"--{flag.name}{'=' if flag.value and not flag.is_optional else ''}"
    for parameter in PARAMETERS:
        yield f"--{parameter.name}{'' if parameter.kind is Kind.BOOL else '='}"


def bash() -> str:
    """For bash 4.4 and newer."""
    cases = []
    for name, words in values().items():
        is_file, is_bool = words == (FILES,), words == ("true", "false")
        call = 'compgen -f -- "$cur"' if is_file else f'compgen -W "{" ".join(words)}" -- "$cur"'
        test = "[[ $cur != -* ]] && " if is_bool or name == "help" else ""
        cases.append(f"    {name}) {test}{{ COMPREPLY=($({call})); return; }} ;;")
    names = [command.name for command in COMMANDS]
    return BASH % {
        "values": "\n".join(cases),
        "alternatives": "|".join(names),
        "commands": " ".join(names),
        "flags": " ".join(dict.fromkeys(flags())),
    }


def zsh() -> str:
    """For zsh 5 and newer."""
    cases = []
    for name, words in values().items():
        call = "_files" if words == (FILES,) else f"compadd -- {' '.join(words)}"
        cases.append(f"    {name}) {call}; return ;;")
    all_flags = dict.fromkeys(flags())
    return ZSH % {
        "described": "\n".join(f"    {_quoted(f'{c.name}:{c.help}')}" for c in COMMANDS),
        "alternatives": "|".join(command.name for command in COMMANDS),
        "values": "\n".join(cases),
        "valued": " ".join(_quoted(flag) for flag in all_flags if flag.endswith("=")),
        "bare": " ".join(flag for flag in all_flags if not flag.endswith("=")),
    }


def fish() -> str:
    """For fish 3 and newer; which completes names with dashes only where they stand so."""
    lines = [FISH]
    for command in COMMANDS:
        told = f"-a {command.name} -d {_quoted(command.help)}"
        lines.append(f"complete -c smart-sync -n __fish_use_subcommand {told}")
    words = "-a 'bash zsh fish'"
    lines.append(f"complete -c smart-sync -n '__fish_seen_subcommand_from completion' {words}")
    known, labels = values(), {p.name: p.label for p in PARAMETERS}
    for flag in dict.fromkeys(flags()):
        name = flag.removeprefix("--").removesuffix("=")
        label = f" -d {_quoted(labels[name])}" if name in labels else ""
        said = known.get(name, ())
        after = f" -a '{' '.join(said)}'" if said and said != (FILES,) else ""
        kind = after  # of a flag that may stand alone they come behind `=` only
        if flag.endswith("="):
            kind = " -r -F" if said == (FILES,) else f" -x{after}"
        lines.append(f"complete -c smart-sync -l {name}{kind}{label}")
        if (dashed := name.replace("_", "-")) != name:
            lines.append(f"complete -c smart-sync -n __smart_sync_dashes -l {dashed}{kind}{label}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """In the quotes of all three shells, none of which reads a ' within them alike."""
    return "'" + text.replace("'", "’") + "'"


SCRIPTS: Mapping[str, Callable[[], str]] = {"bash": bash, "zsh": zsh, "fish": fish}
