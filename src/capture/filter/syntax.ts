/**
 * The filter language as a tree, and the error that its compiler throws.
 *
 * The language is that of pcap-filter(7): primitives (`tcp port 80`, `src net 10/8`, `vlan 5`), relations between
 * numbers (`tcp[tcpflags] & tcp-syn != 0`), `and`, `or`, `not`, parentheses.
 */

/** Where something stands in the expression: indexes of its first character and of the one after its last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The expression is not one, or asks for what the link type does not have. */
export class FilterError extends Error {
  override readonly name: string = 'FilterError';
  readonly code: string = 'ERR_FILTER';
  readonly expression: string;
  readonly span: Span;

  constructor(message: string, expression: string, span: Span) {
    super(`${message}, at ${span.start}: ${expression}`);
    this.expression = expression;
    this.span = span;
  }

  /** The expression with the place marked below it: two lines. */
  get marked(): string {
    const width = Math.max(1, this.span.end - this.span.start);
    return `${this.expression}\n${' '.repeat(this.span.start)}${'^'.repeat(width)}`;
  }
}

export type Direction = 'src' | 'dst' | 'src or dst' | 'src and dst';
export type IdType = 'host' | 'net' | 'port' | 'portrange' | 'proto';

/** What stands before an id; an id alone takes those of the one before it. */
export interface Qualifiers {
  readonly protocol: string | undefined;
  readonly direction: Direction | undefined;
  readonly type: IdType | undefined;
}

export interface Id {
  readonly text: string;
  /** Written with a backslash: a name, although it is a keyword. */
  readonly isEscaped: boolean;
  /** `/24` of a net. */
  readonly prefix: number | undefined;
  /** `mask 255.255.255.0` of a net. */
  readonly mask: string | undefined;
}

export type Arithmetic =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'length' }
  | {
      readonly kind: 'load';
      readonly protocol: string;
      readonly offset: Arithmetic;
      readonly size: 1 | 2 | 4;
      readonly span: Span;
    }
  | { readonly kind: 'negate'; readonly operand: Arithmetic }
  | {
      readonly kind: 'binary';
      readonly operator: string;
      readonly left: Arithmetic;
      readonly right: Arithmetic;
      readonly span: Span;
    };

export type Relation = '=' | '!=' | '>' | '<' | '>=' | '<=';

export type Expression =
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'not'; readonly operand: Expression }
  | {
      readonly kind: 'relation';
      readonly relation: Relation;
      readonly left: Arithmetic;
      readonly right: Arithmetic;
      readonly span: Span;
    }
  | { readonly kind: 'id'; readonly qualifiers: Qualifiers; readonly id: Id; readonly span: Span }
  /** `tcp`, `arp`: a protocol alone. */
  | { readonly kind: 'protocol'; readonly name: string; readonly span: Span }
  /** `ip broadcast`, `vlan 5`, `less 100`, `inbound` … */
  | {
      readonly kind: 'keyword';
      readonly name: string;
      readonly protocol: string | undefined;
      readonly value: number | undefined;
      readonly span: Span;
    };
