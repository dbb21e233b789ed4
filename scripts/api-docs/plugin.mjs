/** TypeDoc plugin: modules have the names under which they are imported, and say what stands at the head of their file. */
import { readFileSync } from 'node:fs';
import { Comment, Converter, ReflectionKind } from 'typedoc';

export function load(app) {
  // Entry points by TypeDoc's name for them: the path below src without /index.
  const entries = new Map(JSON.parse(process.env.BAREWIRE_ENTRIES).map(({ name, file, key }) => [key, { name, file }]));
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.getReflectionsByKind(ReflectionKind.Module)) {
      const entry = entries.get(module.name);
      if (entry === undefined) throw new Error(`no package export for the module '${module.name}'`);
      module.name = entry.name;
      const head = /^\/\*\*([\s\S]*?)\*\//.exec(readFileSync(entry.file, 'utf8'))?.[1] ?? '';
      module.comment = new Comment([{ kind: 'text', text: head.replaceAll(/^\s*\* ?/gm, '').trim() }]);
    }
  });
}
