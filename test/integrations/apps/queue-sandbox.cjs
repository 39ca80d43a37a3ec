// A processor that BullMQ runs in a process of its own.
module.exports = () => Promise.reject(new Error('failed in the sandbox'))
