/**
 * Below which number a disk takes no puts any more. The catalog says so when every session that was opened below it has ended,
 * before it looks what the disk holds of them: a put that came after that look, held up by whatever on its way, would stay for
 * ever, for nobody would look again. So the number is kept in the file `closed` and outlives the process, and it never falls.
 *
 * What it keeps away is debris and not loss: a damaged file counts as none.
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { Id } from '@holdfast/core/wire/ids.ts'
import type { Disk } from '../seams/disk.ts'
import { readLine, replaceLine } from './checked-line.ts'

const FILE = 'closed'
const FORMAT = 1

export class ClosedPuts {
  readonly #disk: Disk
  readonly #lineage: Id
  #below: number
  #belowOnDisk: number
  #writing: Promise<void> = Promise.resolve()

  private constructor(disk: Disk, lineage: Id, below: number) {
    this.#disk = disk
    this.#lineage = lineage
    this.#below = below
    this.#belowOnDisk = below
  }

  /** Of a disk that takes the orders of this lineage; another catalog's numbers mean nothing to it. @throws format_unknown */
  static async open(disk: Disk, lineage: Id): Promise<ClosedPuts> {
    const found = await readLine(disk, FILE)
    if (found.is !== 'known') return new ClosedPuts(disk, lineage, 0)
    const { value } = found
    if (value.format !== FORMAT) throw new HoldfastError('format_unknown', 'this disk was written by a newer Holdfast')
    const isOurs = 'lineage' in value && value.lineage === lineage && 'below' in value
    return new ClosedPuts(disk, lineage, isOurs && Number.isSafeInteger(value.below) ? Number(value.below) : 0)
  }

  /** A put of a lower number is refused. */
  get below(): number {
    return this.#below
  }

  /** Counts at once for puts that come, and is on disk when this returns. */
  async raise(below: number): Promise<void> {
    this.#below = Math.max(this.#below, below)
    // One at a time; what an earlier one could not write, this one does.
    this.#writing = this.#writing.catch(() => undefined).then(() => this.#write())
    await this.#writing
  }

  async #write(): Promise<void> {
    const below = this.#below
    if (below === this.#belowOnDisk) return
    await replaceLine(this.#disk, FILE, { format: FORMAT, lineage: this.#lineage, below })
    this.#belowOnDisk = below
  }
}
