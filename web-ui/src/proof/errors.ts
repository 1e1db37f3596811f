// The errors of src/firsthand/errors.py that a verifier raises. `instanceof` tells them apart.

/** Anything raised on purpose. */
export class FirsthandError extends Error {}

/** What was handed in cannot be accepted; `path` names the place inside it. */
export class InvalidInput extends FirsthandError {
  readonly reason: string;
  readonly path: string;

  constructor(reason: string, path = "") {
    super(path ? `${path}: ${reason}` : reason);
    this.reason = reason;
    this.path = path;
  }
}

/** The bytes cannot be read as what they should be. */
export class UnreadableInput extends InvalidInput {}

/** A key does not speak for the party it is used for, at this place in the log. */
export class Unauthorized extends FirsthandError {}

/** A step cannot be done: something that it needs is not there. */
export class NotChecked extends FirsthandError {}
