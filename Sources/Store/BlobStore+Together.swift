extension BlobStore {
    /// Makes many files durable together, which is much cheaper than one after the other; their writers have
    /// then ended.
    ///
    /// - Returns: the blobs, in the order of the writers.
    /// - Throws: ``StoreError``; nothing of them is left in staging then.
    public func keepTogether(_ writers: [BlobWriter]) throws(StoreError) -> [Blob] {
        var sealed: [SealedBlob] = []
        do throws(StoreError) {
            for writer in writers { try writer.awaitWriteback() }
            for writer in writers { sealed.append(try writer.seal()) }
        } catch {
            sealed.forEach(remove)
            writers.forEach { $0.discard() }
            throw error
        }
        for case let obstacle? in adopt(sealed) { throw obstacle }
        return sealed.map(\.blob)
    }
}
