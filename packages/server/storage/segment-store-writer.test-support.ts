/** A process that puts shards until it is killed, and says on stdout which of them were acknowledged. */
import { FileDisk } from '../seams/file-disk.ts'
import { fileOptions } from './segment-store.test-support.ts'
import { SegmentStore } from './segment-store.ts'
import { putOf, shardIdOf } from './shard-store-contract.ts'

const [, , directory = '', first = '0'] = process.argv
const store = await SegmentStore.open(await fileOptions(new FileDisk(directory)))
let next = Number(first)

async function putOnAndOn(): Promise<void> {
  for (;;) {
    const number = next++
    await store.put(putOf(shardIdOf(number), new Uint8Array(100 + (number % 3000)).fill(number)))
    process.stdout.write(`${number}\n`)
  }
}

await Promise.all([putOnAndOn(), putOnAndOn(), putOnAndOn(), putOnAndOn()])
