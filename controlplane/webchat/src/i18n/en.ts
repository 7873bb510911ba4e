/** English: the language that is always complete. */

export const en = {
  product: "Threadplane",
  account: {
    signIn: "Sign in", signUp: "Create account", signOut: "Sign out", email: "E-mail", password: "Password",
    welcome: "Welcome back", start: "Create your account", noAccount: "No account yet?", haveAccount: "Already have an account?",
    invitation: "Invitation code", verifyTitle: "Check your e-mail", verifyHint: "We sent a code to {{email}}.",
    code: "Code", confirm: "Confirm", secondFactor: "Two-step sign-in", secondFactorHint: "Enter the code of your authenticator app.",
    back: "Back to sign-in",
  },
  sessions: {
    new: "New chat", search: "Search chats", list: "Chats", empty: "No chats yet. Start one below.", nothingFound: "Nothing found for “{{search}}”.",
    archived: "Archived", current: "Chats", pin: "Pin", unpin: "Unpin", archive: "Archive", restore: "Restore", rename: "Rename", delete: "Delete",
    confirmDelete: "Delete “{{title}}” for good?", more: "Actions for {{title}}", running: "Answering", pinned: "Pinned", open: "Show chats", close: "Hide chats",
    loadMore: "Loading more chats", name: "New name",
  },
  chat: {
    greeting: "What can I help with?", placeholder: "Message Threadplane", send: "Send", stop: "Stop answering", edit: "Edit message",
    saveEdit: "Send", cancel: "Cancel", regenerate: "Answer again", copy: "Copy", copied: "Copied", retry: "Try again", thinking: "Thinking",
    reasoning: "Reasoning", versions: "Version {{n}} of {{total}}", previousVersion: "Previous version", nextVersion: "Next version",
    conversation: "Conversation", you: "You said", assistant: "Answer", tool: "Used {{name}}", toolRunning: "Using {{name}}…", toolAsked: "Wants to use {{name}}", toolFailed: "{{name}} failed",
    arguments: "Arguments", result: "Result", sources: "Sources", page: "p. {{page}}", tokens: "{{count}} tokens", cost: "{{tokens}} tokens · ${{cost}}",
    model: "Model", earlier: "Load earlier messages", toEnd: "Jump to the newest message", branch: "You are looking at another branch.", newest: "Back to the newest",
    passage: "Passage from {{title}}", noPassage: "The document is not there any more.", disclaimer: "Answers can be wrong. Check what matters.", copyCode: "Copy code",
  },
  approval: {
    title: "May {{name}} run?", hint: "The answer waits for your decision. Until {{until}}.", approve: "Approve", reject: "Reject", edit: "Edit arguments",
    reason: "Why not? (optional)", invalid: "This is not a JSON object.",
  },
  feedback: {
    good: "Good answer", bad: "Bad answer", why: "What was wrong?", send: "Send feedback", thanks: "Thank you", details: "Details (optional)",
    inaccurate: "Not correct", incomplete: "Incomplete", unclear: "Unclear", off_topic: "Off topic", too_long: "Too long", too_slow: "Too slow",
  },
  theme: { label: "Appearance", light: "Light", dark: "Dark", system: "System" },
  language: "Language",
  close: "Close",
  loading: "Loading",
  problem: {
    unknown: "Something went wrong. Please try again.", unreachable: "The server cannot be reached. Check your connection and try again.",
    limit_reached: "Your limit is used up ({{which}}). It resets {{resets}}.", model_unreachable: "The model cannot be reached right now.",
    model_timed_out: "The model took too long.", model_rate_limited: "The model is busy. Try again in a moment.", model_failed: "The model failed to answer.",
    model_refused: "The model refused this request.", run_failed: "The answer failed.", conflict: "An answer is still under way in this chat.",
    thread_not_found: "This chat does not exist, or is not yours.", thread_deleted: "This chat was deleted.", session_archived: "This chat is archived. Restore it to go on.",
    not_found: "This chat does not exist, or is not yours.", email_password_mismatch: "E-mail or password is wrong.", throttled: "Too many attempts. Wait a moment and try again.",
    control_plane_unreachable: "The service is being restarted. Try again in a moment.",
  },
};

export type Words = typeof en;
