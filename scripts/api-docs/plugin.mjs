/**
 * TypeDoc plugin: modules have the names under which they are imported and say what stands at the head of their file; a
 * try or Sync form that has no comment of its own says which call it is a form of.
 */
import { readFileSync } from 'node:fs';
import { Comment, Converter, ReflectionKind } from 'typedoc';

const FORMS = [
  [/^try([A-Z]\w*)$/, (call) => `\`${call}\` that never waits: one system call, null where it would block.`],
  [/^([a-z]\w*)Sync$/, (call) => `\`${call}\` that waits in poll(2) and holds the thread, for \`timeoutMs\` at most.`],
];

const text = (words) => new Comment([{ kind: 'text', text: words }]);

export function load(app) {
  // Entry points by TypeDoc's name for them: the path below src without /index.
  const entries = new Map(JSON.parse(process.env.BAREWIRE_ENTRIES).map(({ name, file, key }) => [key, { name, file }]));
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.getReflectionsByKind(ReflectionKind.Module)) {
      const entry = entries.get(module.name);
      if (entry === undefined) throw new Error(`no package export for the module '${module.name}'`);
      module.name = entry.name;
      const head = /^\/\*\*([\s\S]*?)\*\//.exec(readFileSync(entry.file, 'utf8'))?.[1] ?? '';
      module.comment = text(head.replaceAll(/^\s*\* ?/gm, '').trim());
    }
    for (const method of project.getReflectionsByKind(ReflectionKind.Method)) {
      for (const [pattern, words] of FORMS) {
        const name = pattern.exec(method.name)?.[1];
        if (name === undefined) continue;
        for (const signature of method.signatures ?? []) {
          signature.comment ??= text(words(name[0].toLowerCase() + name.slice(1)));
        }
      }
    }
  });
}
