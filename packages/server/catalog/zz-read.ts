import { SqliteEngine } from './sqlite-engine.ts'
import { readLone } from './transactions/read-lone.ts'
const e = SqliteEngine.open('/tmp/cat-bench/files.sqlite', { readOnly: true })
const bucket = Buffer.from(e.query("SELECT bucket_id FROM files LIMIT 1")[0].bucket_id).toString('hex')
const paths = e.query('SELECT path FROM files ORDER BY file_id LIMIT 20000').map((r) => Buffer.from(r.path).toString())
const time = (name, f) => { for (let round = 0; round < 3; round++) { const t = performance.now(); for (const p of paths) f(p); if (round === 2) console.log(name, ((performance.now() - t) / paths.length * 1000).toFixed(2), 'µs') } }
time('readLone', (p) => e.run(readLone.run({ bucket, path: p })))
time('readLone+read', (p) => e.read(readLone.run({ bucket, path: p })))
const b = Buffer.from(bucket, 'hex')
const g = readLone.run({ bucket, path: paths[0] }).next().value.sql
console.log(g)
time('sql only', (p) => e.query(g, [b, Buffer.from(p)]))
time('one column', (p) => e.query(g.replace(/SELECT.*?FROM/s, 'SELECT s.shard_bytes + c.place + v.size AS x FROM'), [b, Buffer.from(p)]))
time('files row only', (p) => e.query('SELECT size FROM files WHERE bucket_id = ? AND path = ?', [b, Buffer.from(p)]))
const row = e.query(g, [b, Buffer.from(paths[0])])
const steps = (p) => { const s = readLone.run({ bucket, path: p }); s.next(); s.next(row) }
time('js only', steps)
time('bytes only', (p) => e.query('SELECT f.path, f.file_id, f.version_id, f.bucket_id, f.sha256, f.file_id AS a, f.version_id AS b, f.bucket_id AS c, f.sha256 AS d, f.file_id AS e FROM files f WHERE bucket_id = ? AND path = ?', [b, Buffer.from(p)]))
