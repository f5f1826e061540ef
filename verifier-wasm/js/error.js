// The error of this package.

export class VouchError extends Error {
  constructor(kind, code, message) {
    super(message);
    this.name = "VouchError";
    this.kind = kind;
    this.code = code;
  }
}
