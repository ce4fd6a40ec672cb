"""The wording of mail servers, as they and their makers publish it: one row of patterns for each ground.

Every pattern is linear: gaps are bounded, and what is searched is cut before.
"""

from __future__ import annotations

import re

from channels.email.reasons import Ground

_WHO = r"(?:user|account|mailbox|mail ?box|recipient|addressee|address|person|customer|alias)"


def any_of(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrases), re.IGNORECASE)


# The first row that matches wins: what can only mean one thing stands before what may mean several. A doubt about the
# sender, its host or its words comes before a doubt about the recipient: a customer is lost by a wrong guess.
PHRASES: tuple[tuple[Ground, re.Pattern[str]], ...] = (
    (
        Ground.MAILERERROR,
        any_of(r"procmail: couldn't|command (?:died|output)|can't create (?:user )?output|mailer (?:error|failed)"),
    ),
    (
        Ground.SPEEDING,
        any_of(
            r"receiving (?:e?mail|messages?) (?:too quickly|at a rate)",
            r"(?:mail|message|sending|submission|hourly|daily|recipient)s? ?rate (?:limit|exceed)",
            r"rate[- ]limit|throttl|too many (?:messages|mails|emails|letters|e-mails) (?:from|sent|per|within)",
            r"too (?:fast|frequent)|thread limit|sending (?:limit|quota)|try slower|(?:mails?|"
            r"messages?) per (?:hour|day|"
            r"minute|second)",
        ),
    ),
    (
        Ground.MAILBOXFULL,
        any_of(
            rf"{_WHO}[^.\n]{{0,60}}\b(?:is |was |too )?(?:full\b|over ?quota|over (?:the |its )?(?:maximum |"
            rf"allowed )?(?:size|"
            r"storage|quota)|exceeds? (?:\w+ ){0,4}(?:quota|storage|limit|space))",
            r"\bover ?(?:the |its |his )?(?:disk |storage |mail |allowed )?quota|quota ?(?:is |has been |"
            r"was )?(?:exceed|full|"
            r"violat|over|reached|dep)|exceed\w* (?:\w+ ){0,5}(?:quota|storage|mailbox size|allocation)",
            r"(?:storage|mailbox|maildir|disk) ?(?:size )?(?:quota|limit) (?:is |has been |was )?(?:exceeded|reached|"
            r"hit|over)",
            r"(?:mail ?box|inbox|mail ?folder|maildir|account|mail drop)[^.\n]{0,20}\bfull\b|"
            r"insufficient (?:disk )?(?:quota|"
            r"storage)",
            r"(?:not enough|no|out of) (?:storage|disk|free|mailbox)? ?(?:space|room)(?: left)? (?:for|in|"
            r"on) (?:this|the "
            r"(?:mail|user|recip)|user|his|her|recip|mail)",
            r"disc quota|disk quota|storage allocation|allocated (?:message )?storage|too much mail data|"
            r"too many messages "
            r"(?:in|on) (?:this|the|mail)",
            r"not enough (?:storage|disk) space|no space left in mailbox|quotaexceeded|mailboxfull|mailbox_full|"
            r"out of (?:"
            r"disk |storage )(?:quota|space)|user quota|account quota|mailbox quota|over mail ?box",
            r"(?:postfach|mailbox|postkorb|konto)[^.\n]{0,40}(?:voll\b|überschritten|erschöpft)|"
            r"speicherplatz[^.\n]{0,40}("
            r"?:erschöpft|voll|überschritten)",
            r"boîte[^.\n]{0,40}pleine|bo.te[^.\n]{0,60}(?:pleine|satur)|quota[^.\n]{0,40}dépass|buzón[^.\n]{0,40}lleno",
            r"casella[^.\n]{0,60}piena|skrzynk[^.\n]{0,60}(?:przepełn|pełna)|ящик[^.\n]{0,60}переполнен|"
            r"пощенск[^.\n]{0,60}"
            r"пълн|caixa[^.\n]{0,60}cheia|容量[^\n]{0,20}(?:超|一杯|いっぱい)|メールボックス[^\n]{0,20}(?:一杯|いっぱい|満)",
        ),
    ),
    (
        Ground.MESGTOOBIG,
        any_of(
            r"(?:message|mail|e-?mail|file|content|body|attachment|data)s? ?(?:\S+ ){0,2}(?:size|length)? ?(?:is |"
            r"was |are )?"
            r"(?:too (?:big|large|long)\b|larger than|exceeds? (?:\w+ ){0,4}(?:size|limit|maximum|bytes))",
            r"size (?:limit |of this message |restriction )?(?:is |was )?exceed|exceed\w* (?:\w+ ){0,5}(?:message|"
            r"mail|e-?mail) "
            r"?(?:size|length|limit)",
            r"max(?:imum)? (?:allowed )?(?:message|mail|e-?mail) size|message is larger than|size of (?:this|the|"
            r"your) (?:e-?"
            r"mail|message) exceed|message too (?:big|large|long)|size (?:exceeds|is larger)|too big for (?:system|"
            r"this)",
            r"exceed\w* (?:\w+ ){0,3}(?:file ?size|size limit|maximum size|fixed limit)",
        ),
    ),
    (
        Ground.REQUIREPTR,
        any_of(
            r"\bptr\b|reverse (?:dns|lookup|address|mapping|name|resol)|\brdns\b|cannot find your (?:reverse |"
            r")hostname",
            r"cannot resolve your (?:ip|address)|(?:no|without|missing|invalid|fix|have a|set up|valid) reverse|"
            r"domain without "
            r"reverse|ip (?:address )?(?:not resolved|without|does not resolve|cannot be resolved)|"
            r"unresolvable (?:relay )?"
            r"host",
            r"reverse[- ](?:ip|host)|has no (?:reverse|rdns|dns)|ip name (?:lookup failed|possibly forged)|"
            r"does not have a "
            r"dns",
        ),
    ),
    (
        Ground.AUTHFAILURE,
        any_of(
            r"\bdmarc\b|\bdkim\b|\bspf\b|sender policy framework|unauthenticated (?:e-?)?mail|"
            r"sender ?id\b[^\n]{0,40}fail",
            r"sender (?:is )?(?:unauthenticated|not authenticated)|fail(?:s|ed)? (?:e?mail |"
            r"sender )?authentication check",
            r"domainkeys|(?:e-?mail|message|sender) (?:is )?(?:not |un)authenticated|authentication (?:checks? fail|"
            r"information|failed for sender)",
        ),
    ),
    (
        Ground.NORELAYING,
        any_of(
            r"relay(?:ing)? (?:\w+ ){0,2}(?:denied|not|prohibited|rejected|refused|forbidden|disallowed|unavailable|"
            r"failed)",
            r"not (?:allowed|permitted|authori[sz]ed) to (?:\w+ ){0,2}relay|(?:unable|cannot|can't|not) (?:to )?relay|"
            r"we do(?: not|n't) relay|relay access|no relay|open relay|insecure mail relay|relay operation|"
            r"relaying\b[^\n]"
            r"{0,20}(?:block|not)",
            r"not (?:a )?gateway|is not (?:one of )?(?:my|our) domains?|"
            r"mail server requires authentication when attempting to "
            r"send to a non-local|that domain is(?: not|n't) in my list|domain is not hosted|"
            r"not an? (?:authorised|authorized) relay|no third[- ]party",
        ),
    ),
    (
        Ground.SECURITYERROR,
        any_of(
            r"must issue a starttls|starttls (?:required|command first)|tls (?:is )?required|"
            r"certificate (?:rejected|verif|"
            r"mismatch|expired|not trusted)|tls (?:handshake|negotiation|not available|connect failed)|"
            r"insufficient security",
            r"authentication (?:required|failed|turned on|credentials|failure|error|mechanism)|(?:username|"
            r"user name) and "
            r"password not accepted|sasl auth|please authenticate|not authenticated|encryption (?:needed|required)|"
            r"smtp auth",
            r"unauthenticated senders? not allowed|verification failure|unencrypted",
        ),
    ),
    (
        Ground.VIRUSDETECTED,
        any_of(
            r"virus(?:es)?\b|malware|trojan|infected|worm\b|malicious (?:code|content|attach|file)|ransom|"
            r"dangerous (?:attach|file|content)",
        ),
    ),
    (
        Ground.SPAMDETECTED,
        any_of(
            r"(?:as|is|be|like|looks? like|contains?|resembl\w+|considered|identified|classified|detected|suspected|"
            r"suspicion "
            r"of|possible|probable|likely|potential\w*|unsolicited|high) (?:as |to be |a |an |like |possibl[ey] |"
            r"probabl[ey] |"
            r"being )*(?:spam|uce\b|ube\b|junk|unsolicited|phish)",
            r"spam(?:ming)? (?:message|mail|content|detected|score|filter|reject|refus|confirm|not accept|"
            r"probability|level|"
            r"assassin|check|threshold|limit|policy|e-?mail|like|pattern)|anti-?spam|no spam|antispam|spamassassin|"
            r"appears to be (?:unsolicited|spam)|unsolicited (?:mail|e-?mail|bulk|commercial|message)|\bjunk mail\b",
            r"(?:message|mail|content) (?:filtered|rejected|refused|blocked)[^\n]{0,40}\bspam\b|"
            r"\bspam\b[^\n]{0,20}(?:blocked|"
            r"rejected|refused|discard)|bulk e?-?mail|message content reject|mail appears to be|suspicious url|"
            r"cloudmark|"
            r"\bspam\b",
        ),
    ),
    (
        Ground.BADREPUTATION,
        any_of(
            r"reputation|poor (?:sender|ip)|senderbase|sender ?score|low (?:trust|score)|bad (?:history|standing)|"
            r"temporarily deferred due to (?:unexpected|user complaints)|user complaints|sending mta.s poor",
        ),
    ),
    (
        Ground.BLOCKED,
        any_of(
            r"black ?-?list|block ?-?list|deny ?-?list|\bdnsb?l\b|\brbls?\b|spamhaus|spamcop|sorbs|barracudacentral|"
            r"uceprotect|"
            r"(?<!not )listed (?:at|by|in|on)\b|\bxbl\b|\bpbl\b|\bsbl\b|proofpoint\.com|mail-abuse\.|abuse(?:at|ix)|"
            r"invaluement|trendmicro\.com/",
            r"(?:client|host|ip|server|connection|sender|address|mail|message|network|access|site|domain|you|"
            r"e-?mail|sending|"
            r"traffic)s?\b[^.\n]{0,50}\b(?:(?:is|are|was|were|been|being|has|temporarily|currently|permanently|"
            r"is not) ){0,3}(?"
            r":blocked|banned|block(?:ed)? (?:by|using|for)|not (?:permitted|allowed|authori[sz]ed|"
            r"welcome) to (?:send|connect|"
            r"access)|denied access|in our block)",
            r"blocked (?:by|using|for|due|because|from|address|-)|\bblocked\b|"
            r"client host (?:rejected|\[[^]\n]{1,60}\])|helo command rejected|(?:client|helo|"
            r"ehlo)[^\n]{0,60}(?:rejected|"
            r"denied)|access (?:was |is )?denied by|"
            r"connection (?:was |is |has been )?(?:rejected|refused by|not accepted|not allowed|denied)|"
            r"dynamic (?:ip|address|"
            r"host|pool|range)|dial-?up|residential|not accepting (?:connections|mail from)|service refused?|service "
            r"(?:is )?(?:not available|unavailable)[^\n]{0,30}(?:your|client|ip)",
            r"my name was rejected|no smtp service here for you|go away|your (?:ip|network|host|server|country|"
            r"domain) (?:\S+ ){0,4}(?:is |has |was "
            r")(?:not |been |temporarily )?(?:allowed|rejected|denied|banned|listed|refused|accepted)|"
            r"(?:helo|ehlo) (?:argument|name|greeting)|invalid (?:helo|ehlo)|bad (?:helo|ehlo)|poor reput|"
            r"rejecting (?:mail|connection)|too many errors|too many (?:bad|invalid|unknown|failed|"
            r"wrong) (?:recipients|"
            r"commands|users|attempts)",
        ),
    ),
    (
        Ground.TOOMANYCONN,
        any_of(
            r"too many (?:\w+ ){0,3}(?:connections|sessions|recipients|simultaneous|concurrent|rcpt)|(?:connection|"
            r"session)s? "
            r"(?:rate )?(?:limit|exceed|frequency)|maximum (?:number of )?connections|concurrent (?:connections|"
            r"sessions)|"
            r"recipients? (?:limit|count exceed)",
        ),
    ),
    (
        Ground.REJECTED,
        any_of(
            r"sender(?:'s)? (?:\S+ ){0,3}(?:\(?e?-?mail\)? )?(?:address )?(?:\S+ )?(?:is |was |has been |does |"
            r"domain )?(?:"
            r"rejected|refused|denied|invalid|unknown|verify|verification|not (?:exist|allowed|accepted|authori[sz]ed|"
            r"permitted|found|verified)|must (?:exist|resolve)|banned|unroutable|unrouteable|bad|blocked)",
            r"(?:unknown|invalid|bad|unroutable|unrouteable|illegal|rejected|restricted|forged|fake|unacceptable|"
            r"no such) (?:"
            r"envelope )?(?:sender|return path|from address)|mail from[^\n]{0,60}(?:not|denied|refused|rejected|"
            r"invalid|"
            r"must)|sender (?:domain|address|rejected|denied|refused|not)|invalid domain name in mail|"
            r"domain of (?:the )?sender|(?:originator|from address|return address|envelope sender)[^\n]{0,50}(?:not|"
            r"invalid|"
            r"denied|refused|rejected|prohibit|does|unknown|bad)|you are not (?:a )?(?:member|allowed|authori[sz]ed|"
            r"permitted)|"
            r"not (?:a )?(?:member|subscriber) of|only (?:members|subscribers|registered)|(?:sending|posting|"
            r"send (?:mail|"
            r"messages?) to|post) (?:\S+ ){0,6}(?:not (?:allowed|permitted)|restricted)",
            r"backscatter|null sender|empty envelope|does(?: not|n't) accept (?:mail )?(?:bounces|from)|"
            r"i don.?t accept mail "
            r"from|we do(?:n't| not) accept mail from|not accept(?:ing)? mail from|mail from .{1,60}not accepted",
        ),
    ),
    (
        Ground.NOTCOMPLIANTRFC,
        any_of(
            r"rfc ?-?(?:5?[28]22|5321|2822|822)\b|not (?:\S+ )?(?:rfc )?compliant|duplicate headers?|"
            r"multiple (?:from|subject|"
            r"date|to|message-id) (?:headers?|addresses)|messages? (?:missing|without|"
            r"must have) a? ?(?:valid )?(?:messageid|"
            r"message-id|from|date|headers?)|missing (?:message-id|from|date|header|required header)|rfc standards",
        ),
    ),
    (
        Ground.SUSPEND,
        any_of(
            rf"{_WHO}[^.\n]{{0,60}}\b(?:is |was |has been |are |been )?(?:currently |temporarily |temporary |"
            rf"now )?(?:disabled|"
            r"suspended|inactive|not active|deactivated|locked|frozen|inactivated|de-activated|dormant|"
            r"archived|terminated)",
            r"(?:disabled|suspended|inactive|deactivated|locked|dormant|frozen) (?:\S+ )?(?:user|account|mailbox|"
            r"recipient|"
            r"address)|no longer accepts (?:mail|messages|e-?mail)|account[^\n]{0,20}disabled|"
            r"domain (?:is )?(?:disabled|"
            r"suspended|inactive|expired)|suspend(?:s|ed|ing)? (?:the )?service|boite du destinataire archiv|"
            r"(?:user|recipient)[^\n]{0,30}not currently accepting",
        ),
    ),
    (
        Ground.HASMOVED,
        any_of(
            r"has (?:been replaced by|moved\b)|user not local; (?:please )?try|(?:address|user|recipient|mailbox|"
            r"account)[^\n]"
            r"{0,40}(?:has |have |was )?(?:changed (?:to|address)|moved to|new address|relocated)|please (?:use|"
            r"try) <?@"
            r"|no longer on (?:this )?server|moved without forward",
        ),
    ),
    (
        Ground.NOTACCEPT,
        any_of(
            r"(?:host|server|domain|system|site)[^.\n]{0,40} (?:does not|doesn't|never|will not|"
            r"is not) (?:accept(?:ing)?|"
            r"receiv\w+) (?:any )?(?:e-?)?mail|null ?mx|nullmx|no mail accepted|"
            r"smtp protocol returned a permanent error|"
            r"does not receive mail|(?:name|host) server:? \.: host not found|mx \. |receives? no mail|"
            r"indicated no smtp service|"
            r"mail receiving disabled|not accepting any mail|accepts no mail",
        ),
    ),
    (
        Ground.FILTERED,
        any_of(
            r"(?:refused|rejected|blocked|filtered) (?:due to|by|because of)? ?(?:the )?(?:recipient|user|"
            r"addressee)(?:'s)?"
            r" ?(?:preference|setting|filter|rule|choice|configuration|whitelist|blacklist)?|recipient preferences|"
            r"user "
            r"reject|because the recipient is (?:only accepting|not accepting)|only accept(?:s|ing)? (?:mail|"
            r"messages) from ("
            r"?:people|senders|specific|known|contacts)|closed mailbox|does not accept (?:mail|messages) from you|"
            r"has (?:you )?blocked (?:you|your)|rejected this message",
        ),
    ),
    (
        Ground.USERUNKNOWN,
        any_of(
            r"recipient (?:address )?rejected: (?:access denied|(?:user|undeliverable|unknown|invalid|recipient|"
            r"unverified)\b)|"
            rf"{_WHO}[^\n]{{0,80}}\b(?:is |was |are )?(?:unknown|not? (?:be )?(?:known|found|exist|valid|listed|"
            rf"here|such|"
            r"recogni[sz]ed|in (?:the|our|this)|a (?:valid|known|local|registered|legal)|an? active|on file|yet|"
            r"match|local|"
            r"hosted|defined|registered|configured)|does(?:n'?t| not) (?:exist|have|match|appear|belong)|do(?:n'?t|"
            r" not) "
            r"exist|invalid|nonexist|non-exist|no longer|could ?n[o']t be found|cannot be found|can't be found|"
            r"isn't|not "
            r"present|deleted|removed|undeliverable|has left|been (?:closed|cancel))",
            r"unknown (?:or (?:illegal|invalid) )?(?:user|recipient|local|address|account|mailbox|name|uid|mail|"
            r"addressee|"
            r"alias|virtual|destination|to |rcpt|client|recip)|unknown-?user|user-?unknown|userunknown",
            r"(?:no|not a?n?|non-?existent|nonexisting) ?(?:such|valid|known|active|existing|known)? ?(?:\w+ )?(?:user|"
            r"recipient|mailbox|person|alias|account) ?(?:here|by|with|named|at|in|on|for|exist|known|found|"
            r"available|$|[.,;:<"
            r"(\[])",
            r"no such (?:\w+ ){0,2}(?:user|recipient|address|mailbox|account|person|name|local|alias|e-?mail|id\b)|"
            r"(?:no|not) "
            r"(?:\w+ )?mailbox (?:here|by that)",
            r"(?:invalid|incorrect|illegal|bad|wrong|non-?existent|nonexistent|malformed|"
            r"non-?existing) (?:or \w+ )?(?:(?:final"
            r"|target|delivery|destination|local|virtual|e-?mail) ){0,2}(?:recipient|user|address|mailbox|"
            r"destination|rcpt|"
            r"account|e-?mail|forward)",
            r"(?:undeliverable|unverified|unroutable|unrouteable|nonexistent) (?:e-?mail )?address|(?:is|"
            r"are) not a (?:valid|"
            r"known|registered)|isn't a valid|user does|not our customer|no account\b|nosuchuser|recipnotfound|"
            r"recipientnotfound|resolver\.adr\.|badrecipient|notinaddressbook|not listed in|directory entry|"
            r"name & address|"
            r"(?:mailbox|address|account|recipient) (?:is )?(?:unavailable|not available|has been (?:deleted|"
            r"removed|closed))|"
            r"requested action not taken: mailbox|vrfy failed|who\?|no one here|nobody (?:here|by)|i don.t know|"
            r"have no idea who|address (?:is )?(?:not|no longer)|dosn'?t have|doesn'?t have an? (?:\S+ )?account",
            r"can(?:not|'t|t) (?:find|resolve|locate|deliver to|recogni[sz]e) (?:\S+ ){0,4}(?:user|recipient|"
            r"mailbox|address|"
            r"account|name)|unable to (?:find|validate|resolve) (?:\S+ ){0,3}(?:recipient|user|mailbox)|"
            r"no valid recipients|no matches to nameserver query|"
            r"mailbox (?:does|could)|recipient (?:not|unknown)\b|not a valid",
            r"(?:empfänger|adresse|benutzer|postfach|mailbox)[^.\n]{0,60}(?:unbekannt|nicht (?:gefunden|vorhanden|"
            r"existi|gültig)|"
            r"existiert nicht|ungültig|gibt es nicht)|unbekannte[rn]? (?:empfänger|benutzer|adresse)",
            r"(?:utilisateur|destinataire|adresse|bo.te|compte)[^.\n]{0,60}(?:inconnu|n'existe|inexistant|introuvable|"
            r"invalide|incorrect)|(?:usuario|destinatario|direcci.n|cuenta|buz.n)[^.\n]{0,60}(?:no existe|"
            r"desconocid|no v.lid|"
            r"inv.lid|no encontrad)|(?:utente|destinatario|indirizzo|casella)[^.\n]{0,60}(?:sconosciut|inesistent|"
            r"non (?:"
            r"esiste|valid|trovat))|(?:usu.rio|destinat.rio|endere.o)[^.\n]{0,60}(?:desconhecid|n.o existe|inv.lid|n.o "
            r"encontrad)|(?:gebruiker|adres|ontvanger)[^.\n]{0,60}(?:onbekend|bestaat niet|ongeldig)",
            r"(?:użytkownik|adresat|odbiorc|konto|skrzynk|adres)[^.\n]{0,60}(?:nie istnieje|nieznan|nieprawidłow|"
            r"nie (?:"
            r"został|znalezion))|(?:пользовател|адресат|получател|ящик|адрес)[^.\n]{0,60}(?:не (?:найден|существует|"
            r"зарегистр)|"
            r"неизвест|недействит)|несуществующ|нет такого|такого (?:пользовател|адрес|ящик)|(?:потребител|"
            r"получател|адрес)"
            r"[^.\n]{0,60}(?:не (?:съществува|е намерен)|непознат|невалид)",
            r"(?:ユーザ|宛先|あて先|アドレス|メールボックス|受信者|ディレクトリ)[^。\n]{0,60}(?:見つかり|存在し|不明|ありません|間違)|"
            r"(?:用户|收件人|地址|帐户|账户|邮箱|信箱|使用者)[^。\n]{0,30}(?:不存在|不正确|无效|找不到|錯誤|错误)",
        ),
    ),
    (
        Ground.NETWORKERROR,
        any_of(
            r"(?:name (?:service|server) (?:error|failure|timed?)|host(?:name)? (?:or domain )?(?:name )?lookup|"
            r"dns)[^\n]{0,80}("
            r"?:try again|temporar|tim(?:ed|e) ?out|soft|not respond|fail(?:ed|ure): |timeout|loop)|"
            r"malformed name server|too "
            r"many (?:hops|received|mx)|loops? back|mail (?:forwarding )?loop|\blooping\b|routing loop|hop count|"
            r"maximum hop|"
            r"(?:loop|looping) (?:detected|found)|mail for \S{1,253} loops|network (?:is )?(?:unreachable|error)|"
            r"no route to "
            r"host|delivered-to: loop",
        ),
    ),
    (
        Ground.HOSTUNKNOWN,
        any_of(
            r"(?:host|domain|hostname|server|mx|destination)\b[^.\n]{0,70}(?:unknown|not (?:be )?found|not? exist|"
            r"no such|"
            r"unrouteable|unroutable|invalid|nonexist|non-exist|could ?n[o']t be resolved|cannot be resolved|"
            r"can't be resolved)",
            r"(?:unknown|no such|bad|invalid|illegal|nonexistent|unresolvable|unroutable|unrouteable|"
            r"undefined) (?:\w+ )?(?:host"
            r"|domain|mail ?exchang|mail server|mx)|nxdomain|no (?:valid |working )?mx\b|no mail (?:server|exchang)|"
            r"domain "
            r"does|name or service not known|host(?:name)? not found|no (?:a|mx|dns) records?|unrouteable|unroutable|"
            r"domain name (?:is )?(?:invalid|wrong)|cannot find (?:any )?(?:mx|host|domain)|domain is not reachable|"
            r"mail domain|all relevant mx|infodomainnonexistent|"
            r"(?:host|domain|hostname) [a-z0-9.-]{1,253} (?:does not exist|doesn't exist|(?:was )?not found|"
            r"could not be (?:found|resolved))",
        ),
    ),
    (
        Ground.SYSTEMFULL,
        any_of(
            r"no space left|disk full|system (?:is )?full|insufficient system (?:storage|resources)|"
            r"file ?system (?:is )?full|"
            r"requested mail action aborted: exceeded storage|mail system full"
        ),
    ),
    (
        Ground.EXPIRED,
        any_of(
            r"expired|timed? ?-?out|retry time|retr(?:y|ies) (?:timeout|limit|exceed)|"
            r"connection (?:was )?(?:refused|lost|dropped|"
            r"reset|closed|failed|broken)|could ?n[o']t (?:\w+ )?connect|(?:un|not )reachable|not responding|"
            r"did(?: not|n't) "
            r"(?:respond|answer)|no answer|(?:could|can)(?: not|n't|not) (?:be )?(?:reach|contact|connect|establish)",
            r"socket error|failed \d{1,3} attempts|not (?:yet )?been delivered|delayed|too long in (?:the )?queue|"
            r"in (?:the )?queue (?:too|for)|(?:for|"
            r"after|within|in) "
            r"(?:the (?:last|past) )?\d{1,4} ?(?:\+ )?(?:days?|hours?|minutes|attempts|tries|times)|giv(?:en|ing) up|"
            r"retried|unable to (?:connect|deliver .{0,30}(?:hours|days|time))|deferred|undeliverable (?:for|after)|"
            r"delivery (?:attempts|time)|could not be delivered for|zeitüberschreitung|all hosts|no hosts|temporar|"
            r"try again",
        ),
    ),
    (
        Ground.MAILERERROR,
        any_of(
            r"(?:local delivery|mailer|pipe|procmail|maildrop|command|program|lda|vdelivermail|x-unix|"
            r"dovecot)[^\n]{0,60}(?:"
            r"fail|error|exit|status|died|code|returned)|exit (?:status|code|value)|child process|x-unix;|bad (?:file|"
            r"interpreter)|return(?:ed|ing) (?:an )?error code|can't create|cannot open",
        ),
    ),
    (
        Ground.SYNTAXERROR,
        any_of(
            r"syntax error|command (?:not|un)(?: )?(?:recogni[sz]ed|implemented|known)|unrecogni[sz]ed command|"
            r"unknown command|"
            r"bad sequence|out of sequence|parameter(?:s)? not"
        ),
    ),
    (
        Ground.CONTENTERROR,
        any_of(
            r"content (?:re(?:ject|fus)|filter|not|error|conver)|(?:message|mail|body|header|attachment|extension|"
            r"file)s? (?:\S+ "
            r"){0,5}(?:not (?:allowed|accept|permit)|prohibited|forbidden|contain|malformed|banned|is not accept)|"
            r"charset not|"
            r"mime|8-?bit|bare (?:lf|cr)|line (?:too long|length)|improper use|unicode|utf-?8",
        ),
    ),
    (
        Ground.POLICYVIOLATION,
        any_of(
            r"polic(?:y|ies)|prohibited|not (?:allowed|permitted|authori[sz]ed|accepted)|administrative|"
            r"unauthori[sz]ed|"
            r"permission|restrict|suspicious|phish|rules?\b|violat|forbidden|disallow|refused|denied|rejected|"
            r"not willing|"
            r"unacceptable",
        ),
    ),
    (
        Ground.SYSTEMERROR,
        any_of(
            r"(?:system|server|internal|local|configuration|software|database|ldap|temporary|processing|i/o|fatal|"
            r"mail) ?(?:"
            r"config\w* )?(?:error|failure|problem|trouble)|misconfig|unable to (?:\w+ ){0,4}(?:lookup|verify|process)|"
            r"out of memory|could not (?:complete|process)|service (?:is )?(?:currently |temporarily )?(?:un|"
            r"not )available|"
            r"resources? |greylist|aliasing|alias",
        ),
    ),
)
