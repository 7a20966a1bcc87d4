import { zlibSync } from 'fflate';
import { fullAgentBundle } from '../artifacts/agent-bundle';

/** Around the answer: a login shell may print what it likes before and after. */
export const ANSWER_BEGINS = '-----BEGIN DATAPLANE-HOST ANSWER-----';
export const ANSWER_ENDS = '-----END DATAPLANE-HOST ANSWER-----';
/** Exit codes of what runs on the host before the agent does. */
export const NO_PYTHON = 91;
export const OLD_PYTHON = 92;
export const NO_SUDO = 93;

export type Privilege = 'root-where-possible' | 'root' | 'as-logged-in';

/**
 * `dataplane-host inspect` as one Python program for standard input. The agent's modules are imported from memory, so
 * that no file is written on the host, and none has to be removed whatever happens.
 */
export function inspectProgram(): string {
  const agent = Buffer.from(zlibSync(fullAgentBundle(), { level: 9 })).toString('base64');
  return `import sys
if sys.version_info < (3, 9):
    sys.stderr.write("cdktf-dataplane: this host has Python %d.%d\\n" % sys.version_info[:2])
    sys.exit(${OLD_PYTHON})
import base64, contextlib, importlib.abc, importlib.util, io, zipfile, zlib

ARCHIVE = zipfile.ZipFile(io.BytesIO(zlib.decompress(base64.b64decode("${agent}"))))


class Modules(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    names = set(ARCHIVE.namelist())

    def file(self, name):
        path = name.replace(".", "/")
        return next((file for file in (path + "/__init__.py", path + ".py") if file in self.names), None)

    def find_spec(self, name, path=None, target=None):
        return importlib.util.spec_from_loader(name, self) if self.file(name) else None

    def is_package(self, name):
        return self.file(name).endswith("/__init__.py")

    def get_source(self, name):
        return ARCHIVE.read(self.file(name)).decode()


sys.meta_path.insert(0, Modules())
from dataplane_host.cli import main

answer = io.StringIO()
with contextlib.redirect_stdout(answer):
    code = main(["inspect"])
if code == 0:
    sys.stdout.write("\\n${ANSWER_BEGINS}\\n" + answer.getvalue() + "${ANSWER_ENDS}\\n")
sys.exit(code)
`;
}

/**
 * The command for the host's login shell, whichever that is: POSIX sh does the work, and what it is given is one line
 * without an apostrophe, a backslash or an exclamation mark. The program comes on standard input.
 */
export function remoteCommand(privilege: Privilege): string {
  const run = '"$python" -I -B -';
  const steps = [
    'python=$(command -v python3 || command -v /usr/libexec/platform-python);',
    `if [ -z "$python" ]; then echo "cdktf-dataplane: this host has no python3" >&2; exit ${NO_PYTHON}; fi;`,
  ];
  if (privilege !== 'as-logged-in') {
    steps.push(
      `if [ "$(id -u)" -eq 0 ]; then exec ${run}; fi;`,
      // With the same program, because sudo may allow that one only.
      'if said=$(sudo -n "$python" -I -B -c "" 2>&1 </dev/null);',
      `then exec sudo -n ${run};`,
      'else echo "cdktf-dataplane: not root, and sudo -n is refused: $said" >&2;',
      ...(privilege === 'root' ? [`exit ${NO_SUDO};`] : []),
      'fi;',
    );
  }
  return `sh -c '${steps.join(' ')} exec ${run}'`;
}
