import EPTTLB

// Snapshots of memory. What holds: *a page's bytes are those that `map` says, or the page is in `changed`.* It does hold
// because every store notes its page before anybody can look (`touch`): stores that end in `stored`, and host pointers
// when they are given out. Taking a snapshot takes the host pointers that write away, so that the next store to each page
// is seen again; the pages that were changed are copied, and nothing else is.

extension PhysicalMemory {
  /// Memory, its marks and their index, at a moment.
  public struct Image {
    let file: RAMFile
    let map: PageMap
    let size: UInt64
    let rom: ROM?
    let attributes: AttributeMap
    let hidden: [Int: [UInt8]]
    let structures: StructureIndex.Image
    let tableReaders: [UInt64: [TableReader]]
  }

  /// Memory now. The first image copies nothing: the file becomes it, and what this machine changes is its own from then
  /// on. Each later one copies the pages changed since the last, or since the last `restore`.
  ///
  /// - Throws: `Failure` when the host has no room; memory is as before.
  public func image() throws(Failure) -> Image {
    if isShared {
      guard file.map(at: base, bytes: Int(highEnd), offset: 0, isShared: false) != nil else {
        throw Failure(size: size)
      }
      isShared = false
    } else {
      map.replace(try appendChanged())
    }
    for page in changed { map.touch(Int(page)) }
    settle()
    return Image(
      file: file, map: map, size: size, rom: rom, attributes: attributes, hidden: hidden,
      structures: structures.image, tableReaders: tableReaders)
  }

  /// Memory as it was, in this machine or in another one of its family. Blocks decoded from pages that change go; host
  /// pointers are to be purged by whoever restores translations.
  ///
  /// - Throws: `Failure` when the host fails; memory is then lost.
  public func restore(_ image: Image) throws(Failure) {
    precondition(image.file === file && !isShared, "a snapshot of another machine's family")
    let differing = Set(changed.map { Int($0) }).union(image.map.pages(differingFrom: map)).sorted()
    for number in differing {
      pages[number].isTouched = true
      let granules = pages[number].codeGranules
      if granules != 0 { codeObserver?.codeWritten(page: UInt64(number) << 12, granules: granules) }
    }
    try read(differing, of: image.map)
    map = image.map
    settle()
    restoreAttributes(image.attributes, hidden: image.hidden)
    setMarks(false)
    structures.restore(image.structures)
    tableReaders = image.tableReaders
    setMarks(true)
  }

  /// Memory of a new machine that goes on from an image. Its pages are the image's, mapped, until it changes them.
  ///
  /// - Throws: `Failure` when the host has no room.
  public convenience init(_ image: Image) throws(Failure) {
    try self.init(size: image.size, file: image.file, map: image.map)
    rom = image.rom
    try readOrMap(image.map)
    for (index, word) in image.map.touched.enumerated() where word != 0 {
      var rest = word
      while rest != 0 {
        pages[index << 6 | rest.trailingZeroBitCount].isTouched = true
        rest &= rest - 1
      }
    }
    restoreAttributes(image.attributes, hidden: image.hidden)
    structures.restore(image.structures)
    tableReaders = image.tableReaders
    setMarks(true)
  }

  /// Bytes of the host that RAM and every snapshot of it take, those of forks too.
  public var bytesInUse: Int { file.bytesInUse }

  /// Pages that a fork maps rather than reads, from so many consecutive ones up: a mapping costs about as much as reading
  /// a few.
  private static let worthMapping = 16

  private func readOrMap(_ map: PageMap) throws(Failure) {
    var rest: [Int] = []
    map.forEachRun(of: map.pages(differingFrom: nil)) { first, count, offset in
      if count >= PhysicalMemory.worthMapping,
        file.map(at: base + first << 12, bytes: count << 12, offset: offset, isShared: false) != nil
      {
        return
      }
      rest += first..<first + count
    }
    try read(rest, of: map)
  }

  private func read(_ numbers: [Int], of map: PageMap) throws(Failure) {
    var isDone = true
    map.forEachRun(of: numbers) { first, count, offset in
      isDone = file.read(offset, into: base + first << 12, bytes: count << 12) && isDone
    }
    guard isDone else { throw Failure(size: size) }
  }

  /// Copies the changed pages to the file.
  private func appendChanged() throws(Failure) -> [(page: Int, extent: Extent)] {
    changed.sort()
    var result: [(page: Int, extent: Extent)] = []
    result.reserveCapacity(changed.count)
    var index = 0
    while index < changed.count {
      let first = Int(changed[index])
      var count = 1
      while count < Extent.maximumPages, index + count < changed.count, Int(changed[index + count]) == first + count {
        count += 1
      }
      let bytes = UnsafeRawBufferPointer(start: base + first << 12, count: count << 12)
      guard let offset = file.append(bytes) else { throw Failure(size: size) }
      let extent = Extent(file, first: first, count: count, offset: offset)
      for page in first..<first + count { result.append((page, extent)) }
      index += count
    }
    return result
  }

  /// Every page is what `map` says: the next store to each must be seen.
  private func settle() {
    for translation in translations { translation?.takeUnretainedValue().dropAllWriters() }
    for number in takeChanges() { pages[Int(number)].hasWriter = false }
  }

  /// Sets or clears what the index of structures and the tables of speculating processors say of pages.
  private func setMarks(_ areSet: Bool) {
    structures.forEachGranule { number in
      let page = page(of: PhysicalAddress(number << 6))
      let bit: UInt64 = 1 << (number & 63)
      if areSet { page.pointee.structureGranules |= bit } else { page.pointee.structureGranules &= ~bit }
    }
    for number in tableReaders.keys { page(of: PhysicalAddress(number << 12)).pointee.isTable = areSet }
  }
}
