import MMU

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Memory with the tables of `FuzzTables` in it, which is put back after each case.
final class FuzzMemory {
  let memory: PhysicalMemory
  private let pristine: UnsafeMutableRawPointer

  /// - Parameter fill: what else it holds.
  /// - Throws: `PhysicalMemory.Failure`.
  init(_ fill: (PhysicalMemory) -> Void = { _ in }) throws {
    memory = try PhysicalMemory(size: FuzzTables.memory)
    FuzzTables.write(to: memory)
    fill(memory)
    pristine = .allocate(byteCount: Int(memory.size), alignment: 4096)
    pristine.copyMemory(from: memory.base, byteCount: Int(memory.size))
    _ = memory.takeChanges()
  }

  deinit { pristine.deallocate() }

  /// Adds the 64-byte pieces of memory that differ from what they were, and puts them back.
  func putBack(_ hasher: inout StateHasher) {
    for page in memory.takeChanges().sorted().lazy.map({ Int($0) }) {
      memory.pages[page].hasWriter = false
      let now = memory.base + page << 12
      let before = pristine + page << 12
      guard memcmp(now, before, 4096) != 0 else { continue }
      for offset in stride(from: 0, to: 4096, by: 64) where memcmp(now + offset, before + offset, 64) != 0 {
        hasher.add(UInt64(page << 12 + offset))
        hasher.add(UnsafeRawBufferPointer(start: now + offset, count: 64))
        memory.write(
          PhysicalAddress(UInt64(page << 12 + offset)), UnsafeRawBufferPointer(start: before + offset, count: 64))
      }
    }
    // What was put back is as it was.
    _ = memory.takeChanges()
  }
}
