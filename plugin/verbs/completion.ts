import type { Arguments } from '../arguments/parse.ts';
import { nearest } from '../arguments/suggest.ts';
import { exitCode, UsageError } from '../errors.ts';
import type { Io } from '../io.ts';

// Each script asks `kubectl-approve __complete WORDS…`, which answers as kubectl's own completion does: VALUE, tab, description, and :DIRECTIVE last.

const bash = `# bash completion for kubectl-approve. Load it with:  source <(kubectl-approve completion bash)
_kubectl_approve() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        [[ $line == :* ]] && continue
        COMPREPLY+=("\${line%%$'\\t'*}")
    done < <("\${COMP_WORDS[0]}" __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _kubectl_approve kubectl-approve
`;

const zsh = `#compdef kubectl-approve
# zsh completion for kubectl-approve. Load it with:  source <(kubectl-approve completion zsh)
_kubectl-approve() {
    local line
    local -a items
    while IFS= read -r line; do
        [[ $line == :* ]] && continue
        items+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
    done < <("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)
    _describe 'kubectl approve' items
}
compdef _kubectl-approve kubectl-approve
`;

const fish = `# fish completion for kubectl-approve. Load it with:  kubectl-approve completion fish | source
function __kubectl_approve_complete
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    test -n "$current"; or set current ""
    $before[1] __complete $before[2..-1] "$current" 2>/dev/null | string match -v -r '^:'
end
complete -c kubectl-approve -f -a '(__kubectl_approve_complete)'
`;

const kubectl = `#!/bin/sh
# Completes "kubectl approve". Put it on your PATH as kubectl_complete-approve and make it executable:
#   kubectl-approve completion kubectl > ~/.local/bin/kubectl_complete-approve && chmod +x ~/.local/bin/kubectl_complete-approve
exec kubectl-approve __complete "$@"
`;

const scripts: Readonly<Record<string, string>> = { bash, zsh, fish, kubectl };

/** What `completion` can print a script for. */
export const shells = Object.keys(scripts);

/** `kubectl approve completion SHELL`. */
export function completion({ names }: Arguments, io: Io): Promise<number> {
  const [shell = '', ...rest] = names;
  const script = Object.hasOwn(scripts, shell) && rest.length === 0 ? scripts[shell] : undefined;
  if (script === undefined) {
    const meant = nearest(shell, shells);
    throw new UsageError(
      `completion takes one of ${shells.join(', ')}${names.length === 0 ? '' : `, not "${names.join(' ')}"`}${meant === undefined ? '.' : `; did you mean ${meant}?`}`,
    );
  }
  io.out(script);
  return Promise.resolve(exitCode.done);
}
