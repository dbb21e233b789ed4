/**
 * Checks that rooms import only what docs/architecture.md allows, and that no files import each other in a circle,
 * types included: a type-only cycle costs nothing at run time, but it says that two files are one subject.
 *
 *   node scripts/layers.mjs [--root DIR]     exit code 1 and one line per violation
 *
 * Imports are found by scanning the text. A bundler's module graph would be simpler to get and does not know
 * `import type`; the TypeScript 7 compiler has no stable programming interface yet.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What each room may import; in step with the table in docs/architecture.md. */
const ROOMS = {
  core: [],
  addr: ['core'],
  capture: ['core', 'addr'],
  wire: ['core', 'addr'],
  flow: ['core', 'addr', 'wire', 'capture'],
  socket: ['core', 'addr'],
  trace: ['core', 'addr', 'wire', 'capture'],
  link: ['core', 'addr', 'wire', 'capture'],
  stack: ['core', 'addr', 'wire', 'link', 'socket', 'trace'],
  netlink: ['core', 'addr', 'socket'],
  os: ['core', 'addr', 'wire', 'capture', 'link', 'socket', 'netlink', 'trace'],
  node: ['core', 'addr', 'wire', 'capture', 'link', 'socket', 'netlink', 'trace', 'os'],
  tools: ['core', 'addr', 'wire', 'capture', 'flow', 'link', 'socket', 'netlink', 'trace'],
  // src/index.ts, the package's main entry.
  index: [
    'core',
    'addr',
    'wire',
    'capture',
    'flow',
    'link',
    'socket',
    'netlink',
    'trace',
    'stack',
    'os',
    'node',
    'tools',
  ],
  cli: [
    'core',
    'addr',
    'wire',
    'capture',
    'flow',
    'link',
    'socket',
    'netlink',
    'trace',
    'stack',
    'os',
    'node',
    'tools',
    'index',
  ],
};

/** Modules from outside src, by room; a room that is not here has none and so runs in a browser. */
const PACKAGES = {
  os: (specifier) => specifier.startsWith('node:'),
  node: (specifier) => specifier.startsWith('node:'),
  cli: (specifier) => specifier.startsWith('node:') || specifier === 'commander',
};

/** The only room that loads the C addon. */
const NATIVE_ROOM = 'os';

/** After one of these words a slash begins a regular expression; after any other word or value it divides. */
const BEFORE_REGEX = new Set(
  'return typeof instanceof in of new delete void throw case do else yield await extends satisfies as'.split(' '),
);

const rootArgument = process.argv.indexOf('--root');
const root = resolve(
  rootArgument === -1
    ? dirname(dirname(fileURLToPath(import.meta.url)))
    : (process.argv[rootArgument + 1] ?? fail('--root needs a directory')),
);

const violations = [];
const files = listSources(join(root, 'src'));
if (files.length === 0) fail(`no source files below ${join(root, 'src')}`);

/** file → the files it imports, with the line of the first import of each. */
const graph = new Map();
let importCount = 0;
for (const file of files) graph.set(file, checkFile(file));
for (const cycle of findCycles(graph)) {
  violations.push(`${cycle[0]}: cycle: ${[...cycle, cycle[0]].join(' → ')}`);
}

if (violations.length > 0) {
  for (const violation of violations) process.stdout.write(`${violation}\n`);
  process.stdout.write(`layers: ${violations.length} violation${violations.length === 1 ? '' : 's'}\n`);
  process.exitCode = 1;
} else {
  process.stdout.write(`layers: ${files.length} files, ${importCount} imports, no violations\n`);
}

function listSources(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[cm]?tsx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

function checkFile(file) {
  const targets = new Set();
  let scanned;
  try {
    scanned = scan(readFileSync(join(root, file), 'utf8'));
  } catch (error) {
    violations.push(`${file}: cannot be scanned: ${error.message}`);
    return targets;
  }
  const room = roomOf(file);
  const exempt = isTest(file);
  const report = (line, text) => violations.push(`${file}:${line}: ${text}`);
  if (!(room in ROOMS)) report(1, `'${room}' is not a room; rooms are ${Object.keys(ROOMS).join(', ')}`);

  for (const { specifier, line } of scanned.imports) {
    importCount += 1;
    if (specifier === null) {
      if (!exempt) report(line, 'import() of a computed name, which hides what is imported; write the name out');
      continue;
    }
    const target = resolveSpecifier(file, specifier);
    if (target?.startsWith('src/')) {
      if (!graphHas(target)) report(line, `imports ${specifier}, which is not a file (write the name with its .ts)`);
      else {
        targets.add(target);
        if (!exempt) checkRoom(room, target, specifier, (text) => report(line, text));
      }
    } else if (!exempt) checkOutside(room, target, specifier, (text) => report(line, text));
  }
  if (!exempt && room !== NATIVE_ROOM) {
    for (const line of scanned.addons) report(line, `names a .node file; only ${NATIVE_ROOM} loads the addon`);
  }
  if (!exempt) for (const line of scanned.references) report(line, '/// <reference>; import what you need');
  return targets;
}

function checkRoom(room, target, specifier, report) {
  const other = roomOf(target);
  if (isTest(target)) report(`imports the test ${specifier}`);
  else if (other !== room && !(ROOMS[room] ?? []).includes(other)) {
    const allowed = ROOMS[room]?.length ? ROOMS[room].join(', ') : 'no other room';
    report(`${room} must not import ${other} (${specifier}); it may import ${allowed}`);
  }
}

function checkOutside(room, target, specifier, report) {
  if (target !== null) {
    const native = target === 'native' || target.startsWith('native/');
    if (!(native && room === NATIVE_ROOM)) report(`imports ${specifier}, outside src`);
  } else if (specifier === 'barewire' || specifier.startsWith('barewire/')) {
    report(`imports its own package as ${specifier}; use the relative path`);
  } else if (!(PACKAGES[room]?.(specifier) ?? false)) {
    report(`${room} must not import ${specifier}`);
  }
}

/** The file a specifier names, from the root; null for a package. Own subpaths resolve as under `barewire-source`. */
function resolveSpecifier(file, specifier) {
  if (specifier.startsWith('.')) return posix.normalize(posix.join(posix.dirname(file), specifier));
  if (isTest(file) && /^barewire(\/|$)/.test(specifier)) {
    const source = ownExports()[`.${specifier.slice('barewire'.length)}`]?.['barewire-source'];
    return source === undefined ? null : posix.normalize(source);
  }
  return null;
}

function ownExports() {
  ownExports.cache ??= existsSync(join(root, 'package.json'))
    ? (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).exports ?? {})
    : {};
  return ownExports.cache;
}

function graphHas(file) {
  graphHas.known ??= new Set(files);
  return graphHas.known.has(file);
}

function roomOf(file) {
  const parts = file.split('/');
  return parts.length > 2 ? parts[1] : parts[1].replace(/\..*$/, '');
}

function isTest(file) {
  return file.endsWith('.test.ts');
}

/** One shortest cycle for every group of files that reach each other (Tarjan's strongly connected components). */
function findCycles(edges) {
  const index = new Map();
  const low = new Map();
  const stack = [];
  const onStack = new Set();
  const cycles = [];
  const visit = (file) => {
    index.set(file, index.size);
    low.set(file, index.get(file));
    stack.push(file);
    onStack.add(file);
    for (const target of edges.get(file)) {
      if (!index.has(target)) {
        visit(target);
        low.set(file, Math.min(low.get(file), low.get(target)));
      } else if (onStack.has(target)) low.set(file, Math.min(low.get(file), index.get(target)));
    }
    if (low.get(file) !== index.get(file)) return;
    const group = stack.splice(stack.indexOf(file));
    for (const member of group) onStack.delete(member);
    if (group.length > 1 || edges.get(file).has(file)) cycles.push(shortestCycle(edges, new Set(group)));
  };
  for (const file of edges.keys()) if (!index.has(file)) visit(file);
  return cycles;
}

function shortestCycle(edges, group) {
  let best = null;
  for (const start of group) {
    const cameFrom = new Map();
    const queue = [start];
    search: for (const file of queue) {
      for (const target of edges.get(file)) {
        if (!group.has(target)) continue;
        if (target === start) {
          const path = [file];
          while (path[0] !== start) path.unshift(cameFrom.get(path[0]));
          if (best === null || path.length < best.length) best = path;
          break search;
        }
        if (!cameFrom.has(target)) {
          cameFrom.set(target, file);
          queue.push(target);
        }
      }
    }
  }
  return best;
}

// --- scanning ------------------------------------------------------------------------------------------------------

/** Finds imports of every form, strings that end in `.node`, and `/// <reference>` lines. */
function scan(text) {
  const { tokens, references } = tokenize(text);
  const imports = [];
  const addons = tokens.filter((token) => token.kind === 'string' && token.text.endsWith('.node')).map((t) => t.line);
  for (let i = 0; i < tokens.length; i += 1) {
    const token = tokens[i];
    const isMember = tokens[i - 1]?.text === '.' && tokens[i - 1].kind === 'punctuation';
    if (token.kind !== 'word' || isMember) continue;
    const next = tokens[i + 1];
    if (token.text === 'import') {
      if (is(next, '(')) imports.push({ specifier: literal(tokens[i + 2]), line: token.line });
      else if (next?.kind === 'string') imports.push({ specifier: next.text, line: token.line });
      else if (!is(next, '.') && !is(next, ':')) addFrom(i + 1);
    } else if (token.text === 'export') {
      const at = tokens[i + 1]?.text === 'type' ? i + 2 : i + 1;
      if (is(tokens[at], '*') || is(tokens[at], '{')) addFrom(at);
    } else if (token.text === 'require' && is(next, '(') && tokens[i + 2]?.kind === 'string') {
      imports.push({ specifier: tokens[i + 2].text, line: token.line });
    }
  }
  return { imports, addons, references };

  /** From the start of an import or export clause to its `from 'x'`; an export list without one imports nothing. */
  function addFrom(start) {
    let depth = 0;
    for (let i = start; i < tokens.length; i += 1) {
      const token = tokens[i];
      if (is(token, '{')) depth += 1;
      else if (is(token, '}')) depth -= 1;
      else if (depth === 0) {
        if (token.kind === 'string') {
          if (tokens[i - 1].text === 'from') imports.push({ specifier: token.text, line: tokens[start].line });
          return;
        }
        if (is(token, ';') || is(token, '(')) return;
      }
      if (depth === 0 && is(token, '}') && tokens[i + 1]?.text !== 'from') return;
    }
  }
}

function is(token, text) {
  return token?.kind === 'punctuation' && token.text === text;
}

function literal(token) {
  return token?.kind === 'string' && !token.partial ? token.text : null;
}

/** Words, strings and punctuation of a TypeScript text; numbers and regular expressions become opaque values. */
function tokenize(text) {
  const tokens = [];
  const references = [];
  /** One entry per open `${`: how many braces are open inside it. */
  const templates = [];
  let line = 1;
  let at = 0;
  const push = (kind, value, partial = false) => tokens.push({ kind, text: value, line, partial });

  while (at < text.length) {
    const char = text[at];
    if (char === '\n') {
      line += 1;
      at += 1;
    } else if (/\s/.test(char) || char === '\uFEFF') at += 1;
    else if (text.startsWith('//', at) || (at === 0 && text.startsWith('#!'))) {
      const end = text.indexOf('\n', at);
      const comment = text.slice(at, end === -1 ? text.length : end);
      if (/^\/\/\/\s*<reference\b/.test(comment)) references.push(line);
      at += comment.length;
    } else if (text.startsWith('/*', at)) {
      const end = text.indexOf('*/', at + 2);
      if (end === -1) throw new Error(`comment without an end at line ${line}`);
      line += count(text, '\n', at, end);
      at = end + 2;
    } else if (char === "'" || char === '"') readString(char);
    else if (char === '`') readTemplate();
    else if (char === '}' && templates.at(-1) === 0) {
      templates.pop();
      readTemplate();
    } else if (/[\p{ID_Start}$_#\\]/u.test(codePointAt(at))) {
      const word = /^[\p{ID_Continue}$#\\]+/u.exec(text.slice(at, at + 400))[0];
      push('word', word);
      at += word.length;
    } else if (/[0-9]/.test(char)) {
      // Also takes 1_000n, 0x1f, 1e-5 apart from its sign, 1.5.
      const number = /^[0-9a-zA-Z_.]+/.exec(text.slice(at, at + 400))[0];
      push('value', number);
      at += number.length;
    } else if (char === '/' && regexMayStart()) readRegex();
    else {
      if (templates.length > 0 && char === '{') templates[templates.length - 1] += 1;
      if (templates.length > 0 && char === '}') templates[templates.length - 1] -= 1;
      push('punctuation', char);
      at += 1;
    }
  }
  if (templates.length > 0) throw new Error('template without an end');
  return { tokens, references };

  function codePointAt(position) {
    return String.fromCodePoint(text.codePointAt(position));
  }

  function readString(quote) {
    let end = at + 1;
    let value = '';
    while (text[end] !== quote) {
      if (end >= text.length || text[end] === '\n') throw new Error(`string without an end at line ${line}`);
      if (text[end] === '\\') {
        if (text[end + 1] === '\n') line += 1;
        end += 1;
      }
      value += text[end];
      end += 1;
    }
    push('string', value);
    at = end + 1;
  }

  /** At a backtick or at the brace that closes a `${}`: reads up to the end of the template or the next `${`. */
  function readTemplate() {
    const continues = text[at] === '}';
    const start = at + 1;
    let end = start;
    while (end < text.length && text[end] !== '`' && !text.startsWith('${', end)) end += text[end] === '\\' ? 2 : 1;
    if (end >= text.length) throw new Error(`template without an end at line ${line}`);
    const opens = text[end] === '$';
    push('string', text.slice(start, end), continues || opens);
    line += count(text, '\n', start, end);
    at = opens ? end + 2 : end + 1;
    if (opens) templates.push(0);
  }

  function regexMayStart() {
    const previous = tokens.at(-1);
    if (previous === undefined) return true;
    if (previous.kind === 'word') return BEFORE_REGEX.has(previous.text) && !is(tokens.at(-2), '.');
    if (previous.kind !== 'punctuation') return false;
    // `count! / 2` and `count++ / 2` divide: the operator stands behind a value.
    if (previous.text === '!') return !endsValue(tokens.at(-2));
    if ('+-'.includes(previous.text) && is(tokens.at(-2), previous.text)) return !endsValue(tokens.at(-3));
    return !endsValue(previous);
  }

  /** `}` counts: where it ends a block, a bare regular expression hardly ever follows. */
  function endsValue(token) {
    if (token === undefined) return false;
    if (token.kind === 'punctuation') return [')', ']', '}'].includes(token.text);
    return token.kind !== 'word' || !BEFORE_REGEX.has(token.text);
  }

  function readRegex() {
    let inClass = false;
    let end = at + 1;
    while (text[end] !== '/' || inClass) {
      if (end >= text.length || text[end] === '\n')
        throw new Error(`regular expression without an end at line ${line}`);
      if (text[end] === '\\') end += 1;
      else if (text[end] === '[') inClass = true;
      else if (text[end] === ']') inClass = false;
      end += 1;
    }
    end += 1;
    while (/[a-z]/.test(text[end] ?? '')) end += 1;
    push('value', text.slice(at, end));
    at = end;
  }
}

function count(text, char, from, to) {
  let found = 0;
  for (let at = text.indexOf(char, from); at !== -1 && at < to; at = text.indexOf(char, at + 1)) found += 1;
  return found;
}

function fail(reason) {
  process.stderr.write(`layers: ${reason}\n`);
  process.exit(2);
}
