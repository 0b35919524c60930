// Where the provider keeps what it must remember: in memory, as long as the process lives.
//
// It differs from the library's own in one point: clients come from a map that the tests may change.

class Adapter {
  constructor(model, clients) {
    this.model = model;
    this.clients = clients;
    this.rows = new Map();
  }

  async upsert(id, payload, expiresIn) {
    const until = typeof expiresIn === 'number' ? Date.now() + expiresIn * 1000 : Infinity;
    this.rows.set(id, { payload, until });
  }

  async find(id) {
    if (this.model === 'Client') return this.clients.get(id);
    const row = this.rows.get(id);
    return row && row.until > Date.now() ? row.payload : undefined;
  }

  async findByUid(uid) {
    return this.#findBy('uid', uid);
  }

  async findByUserCode(userCode) {
    return this.#findBy('userCode', userCode);
  }

  async consume(id) {
    const row = this.rows.get(id);
    if (row) row.payload.consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    this.rows.delete(id);
  }

  async revokeByGrantId(grantId) {
    for (const [id, { payload }] of this.rows) {
      if (payload.grantId === grantId) this.rows.delete(id);
    }
  }

  async #findBy(field, value) {
    for (const [id, { payload }] of this.rows) {
      if (payload[field] === value) return this.find(id);
    }
    return undefined;
  }
}

export function adapterFactory(clients) {
  return (model) => new Adapter(model, clients);
}
