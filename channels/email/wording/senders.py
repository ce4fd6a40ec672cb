"""Doubts about the sender, its host or its words; first of all broken mailers, speed and full mailboxes."""

from __future__ import annotations

from channels.email.reasons import Ground
from channels.email.wording.rows import WHO, Row, any_of

SENDERS: tuple[Row, ...] = (
    (
        Ground.MAILERERROR,
        any_of(
            r"procmail: couldn't|command (?:died|output)|can't create (?:user )?output|mailer (?:error|failed)",
        ),
    ),
    (
        Ground.SPEEDING,
        any_of(
            r"receiving (?:e?mail|messages?) (?:too quickly|at a rate)",
            r"(?:mail|message|sending|submission|hourly|daily|recipient)s? ?rate (?:limit|exceed)|rate[- ]limit",
            r"throttl|too many (?:messages|mails|emails|letters|e-mails) (?:from|sent|per|within)",
            r"too (?:fast|frequent)|thread limit|sending (?:limit|quota)|try slower",
            r"(?:mails?|messages?) per (?:hour|day|minute|second)",
        ),
    ),
    (
        Ground.MAILBOXFULL,
        any_of(
            rf"{WHO}[^.\n]{{0,60}}\b(?:is |was |too )?(?:full\b|over ?quota|"
            r"over (?:the |its )?(?:maximum |allowed )?(?:size|storage|quota)|"
            r"exceeds? (?:\w+ ){0,4}(?:quota|storage|limit|space))",
            r"\bover ?(?:the |its |his )?(?:disk |storage |mail |allowed )?quota",
            r"quota ?(?:is |has been |was )?(?:exceed|full|violat|over|reached|dep)",
            r"exceed\w* (?:\w+ ){0,5}(?:quota|storage|mailbox size|allocation)",
            r"(?:storage|mailbox|maildir|disk) ?(?:size )?(?:quota|limit) (?:is |has been |was )?(?:exceeded|"
            r"reached|hit|over)",
            r"(?:mail ?box|inbox|mail ?folder|maildir|account|mail drop)[^.\n]{0,20}\bfull\b",
            r"insufficient (?:disk )?(?:quota|storage)",
            r"(?:not enough|no|out of) (?:storage|disk|free|mailbox)? ?(?:space|room)(?: left)? (?:for|in|"
            r"on) (?:this|the (?:mail|user|recip)|user|his|her|recip|mail)",
            r"disc quota|disk quota|storage allocation|allocated (?:message )?storage|too much mail data",
            r"too many messages (?:in|on) (?:this|the|mail)|not enough (?:storage|disk) space",
            r"no space left in mailbox|quotaexceeded|mailboxfull|mailbox_full",
            r"out of (?:disk |storage )(?:quota|space)|user quota|account quota|mailbox quota|over mail ?box",
            r"(?:postfach|mailbox|postkorb|konto)[^.\n]{0,40}(?:voll\b|überschritten|erschöpft)",
            r"speicherplatz[^.\n]{0,40}(?:erschöpft|voll|überschritten)|boîte[^.\n]{0,40}pleine",
            r"bo.te[^.\n]{0,60}(?:pleine|satur)|quota[^.\n]{0,40}dépass|buzón[^.\n]{0,40}lleno",
            r"casella[^.\n]{0,60}piena|skrzynk[^.\n]{0,60}(?:przepełn|pełna)|ящик[^.\n]{0,60}переполнен",
            r"пощенск[^.\n]{0,60}пълн|caixa[^.\n]{0,60}cheia|容量[^\n]{0,20}(?:超|一杯|いっぱい)",
            r"メールボックス[^\n]{0,20}(?:一杯|いっぱい|満)",
        ),
    ),
    (
        Ground.MESGTOOBIG,
        any_of(
            r"(?:message|mail|e-?mail|file|content|body|attachment|data)s? ?(?:\S+ ){0,2}(?:size|length)? ?(?:is |"
            r"was |are )?(?:too (?:big|large|long)\b|larger than|exceeds? (?:\w+ ){0,4}(?:size|limit|maximum|"
            r"bytes))",
            r"size (?:limit |of this message |restriction )?(?:is |was )?exceed",
            r"exceed\w* (?:\w+ ){0,5}(?:message|mail|e-?mail) ?(?:size|length|limit)",
            r"max(?:imum)? (?:allowed )?(?:message|mail|e-?mail) size|message is larger than",
            r"size of (?:this|the|your) (?:e-?mail|message) exceed|message too (?:big|large|long)",
            r"size (?:exceeds|is larger)|too big for (?:system|this)",
            r"exceed\w* (?:\w+ ){0,3}(?:file ?size|size limit|maximum size|fixed limit)",
        ),
    ),
    (
        Ground.REQUIREPTR,
        any_of(
            r"\bptr\b|reverse (?:dns|lookup|address|mapping|name|resol)|\brdns\b",
            r"cannot find your (?:reverse |)hostname|cannot resolve your (?:ip|address)",
            r"(?:no|without|missing|invalid|fix|have a|set up|valid) reverse|domain without reverse",
            r"ip (?:address )?(?:not resolved|without|does not resolve|cannot be resolved)",
            r"unresolvable (?:relay )?host|reverse[- ](?:ip|host)|has no (?:reverse|rdns|dns)",
            r"ip name (?:lookup failed|possibly forged)|does not have a dns",
        ),
    ),
    (
        Ground.AUTHFAILURE,
        any_of(
            r"\bdmarc\b|\bdkim\b|\bspf\b|sender policy framework|unauthenticated (?:e-?)?mail",
            r"sender ?id\b[^\n]{0,40}fail|sender (?:is )?(?:unauthenticated|not authenticated)",
            r"fail(?:s|ed)? (?:e?mail |sender )?authentication check|domainkeys",
            r"(?:e-?mail|message|sender) (?:is )?(?:not |un)authenticated",
            r"authentication (?:checks? fail|information|failed for sender)",
        ),
    ),
    (
        Ground.NORELAYING,
        any_of(
            r"relay(?:ing)? (?:\w+ ){0,2}(?:denied|not|prohibited|rejected|refused|forbidden|disallowed|"
            r"unavailable|failed)",
            r"not (?:allowed|permitted|authori[sz]ed) to (?:\w+ ){0,2}relay",
            r"(?:unable|cannot|can't|not) (?:to )?relay|we do(?: not|n't) relay|relay access|no relay|open relay",
            r"insecure mail relay|relay operation|relaying\b[^\n]{0,20}(?:block|not)|not (?:a )?gateway",
            r"is not (?:one of )?(?:my|our) domains?",
            r"mail server requires authentication when attempting to send to a non-local",
            r"that domain is(?: not|n't) in my list|domain is not hosted|not an? (?:authorised|authorized) relay",
            r"no third[- ]party",
        ),
    ),
    (
        Ground.SECURITYERROR,
        any_of(
            r"must issue a starttls|starttls (?:required|command first)|tls (?:is )?required",
            r"certificate (?:rejected|verif|mismatch|expired|not trusted)",
            r"tls (?:handshake|negotiation|not available|connect failed)|insufficient security",
            r"authentication (?:required|failed|turned on|credentials|failure|error|mechanism)",
            r"(?:username|user name) and password not accepted|sasl auth|please authenticate|not authenticated",
            r"encryption (?:needed|required)|smtp auth|unauthenticated senders? not allowed|verification failure",
            r"unencrypted",
        ),
    ),
    (
        Ground.VIRUSDETECTED,
        any_of(
            r"virus(?:es)?\b|malware|trojan|infected|worm\b|malicious (?:code|content|attach|file)|ransom",
            r"dangerous (?:attach|file|content)",
        ),
    ),
    (
        Ground.SPAMDETECTED,
        any_of(
            r"(?:as|is|be|like|looks? like|contains?|resembl\w+|considered|identified|classified|detected|"
            r"suspected|suspicion of|possible|probable|likely|potential\w*|unsolicited|high) (?:as |to be |a |an |"
            r"like |possibl[ey] |probabl[ey] |being )*(?:spam|uce\b|ube\b|junk|unsolicited|phish)",
            r"spam(?:ming)? (?:message|mail|content|detected|score|filter|reject|refus|confirm|not accept|"
            r"probability|level|assassin|check|threshold|limit|policy|e-?mail|like|pattern)",
            r"anti-?spam|no spam|antispam|spamassassin|appears to be (?:unsolicited|spam)",
            r"unsolicited (?:mail|e-?mail|bulk|commercial|message)|\bjunk mail\b",
            r"(?:message|mail|content) (?:filtered|rejected|refused|blocked)[^\n]{0,40}\bspam\b",
            r"\bspam\b[^\n]{0,20}(?:blocked|rejected|refused|discard)|bulk e?-?mail|message content reject",
            r"mail appears to be|suspicious url|cloudmark|\bspam\b",
        ),
    ),
    (
        Ground.BADREPUTATION,
        any_of(
            r"reputation|poor (?:sender|ip)|senderbase|sender ?score|low (?:trust|score)|bad (?:history|standing)",
            r"temporarily deferred due to (?:unexpected|user complaints)|user complaints|sending mta.s poor",
        ),
    ),
    (
        Ground.BLOCKED,
        any_of(
            r"black ?-?list|block ?-?list|deny ?-?list|\bdnsb?l\b|\brbls?\b|spamhaus|spamcop|sorbs|barracudacentral",
            r"uceprotect|(?<!not )listed (?:at|by|in|on)\b|\bxbl\b|\bpbl\b|\bsbl\b|proofpoint\.com|mail-abuse\.",
            r"abuse(?:at|ix)|invaluement|trendmicro\.com/",
            r"(?:client|host|ip|server|connection|sender|address|mail|message|network|access|site|domain|you|"
            r"e-?mail|sending|traffic)s?\b[^.\n]{0,50}\b(?:(?:is|are|was|were|been|being|has|temporarily|currently|"
            r"permanently|is not) ){0,3}(?:blocked|banned|block(?:ed)? (?:by|using|for)|not (?:permitted|allowed|"
            r"authori[sz]ed|welcome) to (?:send|connect|access)|denied access|in our block)",
            r"blocked (?:by|using|for|due|because|from|address|-)|\bblocked\b",
            r"client host (?:rejected|\[[^]\n]{1,60}\])|helo command rejected",
            r"(?:client|helo|ehlo)[^\n]{0,60}(?:rejected|denied)|access (?:was |is )?denied by",
            r"connection (?:was |is |has been )?(?:rejected|refused by|not accepted|not allowed|denied)",
            r"dynamic (?:ip|address|host|pool|range)|dial-?up|residential|not accepting (?:connections|mail from)",
            r"service refused?|service (?:is )?(?:not available|unavailable)[^\n]{0,30}(?:your|client|ip)",
            r"my name was rejected|no smtp service here for you|go away",
            r"your (?:ip|network|host|server|country|domain) (?:\S+ ){0,4}(?:is |has |was )(?:not |been |"
            r"temporarily )?(?:allowed|rejected|denied|banned|listed|refused|accepted)",
            r"(?:helo|ehlo) (?:argument|name|greeting)|invalid (?:helo|ehlo)|bad (?:helo|ehlo)|poor reput",
            r"rejecting (?:mail|connection)|too many errors",
            r"too many (?:bad|invalid|unknown|failed|wrong) (?:recipients|commands|users|attempts)",
        ),
    ),
    (
        Ground.TOOMANYCONN,
        any_of(
            r"too many (?:\w+ ){0,3}(?:connections|sessions|recipients|simultaneous|concurrent|rcpt)",
            r"(?:connection|session)s? (?:rate )?(?:limit|exceed|frequency)|maximum (?:number of )?connections",
            r"concurrent (?:connections|sessions)|recipients? (?:limit|count exceed)",
        ),
    ),
    (
        Ground.REJECTED,
        any_of(
            r"sender(?:'s)? (?:\S+ ){0,3}(?:\(?e?-?mail\)? )?(?:address )?(?:\S+ )?(?:is |was |has been |does |"
            r"domain )?(?:rejected|refused|denied|invalid|unknown|verify|verification|not (?:exist|allowed|"
            r"accepted|authori[sz]ed|permitted|found|verified)|must (?:exist|resolve)|banned|unroutable|"
            r"unrouteable|bad|blocked)",
            r"(?:unknown|invalid|bad|unroutable|unrouteable|illegal|rejected|restricted|forged|fake|unacceptable|"
            r"no such) (?:envelope )?(?:sender|return path|from address)",
            r"mail from[^\n]{0,60}(?:not|denied|refused|rejected|invalid|must)",
            r"sender (?:domain|address|rejected|denied|refused|not)|invalid domain name in mail",
            r"domain of (?:the )?sender",
            r"(?:originator|from address|return address|envelope sender)[^\n]{0,50}(?:not|invalid|denied|refused|"
            r"rejected|prohibit|does|unknown|bad)",
            r"you are not (?:a )?(?:member|allowed|authori[sz]ed|permitted)|not (?:a )?(?:member|subscriber) of",
            r"only (?:members|subscribers|registered)",
            r"(?:sending|posting|send (?:mail|messages?) to|post) (?:\S+ ){0,6}(?:not (?:allowed|permitted)|"
            r"restricted)",
            r"backscatter|null sender|empty envelope|does(?: not|n't) accept (?:mail )?(?:bounces|from)",
            r"i don.?t accept mail from|we do(?:n't| not) accept mail from|not accept(?:ing)? mail from",
            r"mail from .{1,60}not accepted",
        ),
    ),
    (
        Ground.NOTCOMPLIANTRFC,
        any_of(
            r"rfc ?-?(?:5?[28]22|5321|2822|822)\b|not (?:\S+ )?(?:rfc )?compliant|duplicate headers?",
            r"multiple (?:from|subject|date|to|message-id) (?:headers?|addresses)",
            r"messages? (?:missing|without|must have) a? ?(?:valid )?(?:messageid|message-id|from|date|headers?)",
            r"missing (?:message-id|from|date|header|required header)|rfc standards",
        ),
    ),
)
